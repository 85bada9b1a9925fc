const width = 40
let drawnTenths = -1

/** Redrawn in place on a terminal; elsewhere a line for each tenth. */
export function drawProgress(done: number, total: number, out: NodeJS.WriteStream = process.stdout): void {
  const fraction = total === 0 ? 1 : done / total
  const filled = Math.round(fraction * width)
  const bar = `${'#'.repeat(filled)}${'.'.repeat(width - filled)} ${String(Math.floor(fraction * 100)).padStart(3)} %  ${done} of ${total}`
  if (out.isTTY) out.write(`\r${bar}${done === total ? '\n' : ''}`)
  else if (Math.floor(fraction * 10) > drawnTenths) out.write(`${bar}\n`)
  drawnTenths = Math.floor(fraction * 10)
}
