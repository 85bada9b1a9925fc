/** Node's warnings that say nothing to a user of tq: SQLite on Node 22, task files without "type": "module". */
const known = [/SQLite is an experimental feature/, /Module type of .* is not specified/]

/** Shows warnings as Node does, without those. */
export function quietWarnings(): void {
  const [show] = process.listeners('warning')
  if (!show) return
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (!known.some((pattern) => pattern.test(warning.message))) show.call(process, warning)
  })
}
