import { Session } from 'node:inspector/promises'

/** Runs `work` under the CPU profiler and says where its time went: self time by function, the rest in one line. */
export async function profiled<T>(
  work: () => Promise<T>,
  lines: number,
): Promise<{ value: T; report: string }> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  const value = await work()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const self = new Map<string, number>()
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const name = names.get(id) ?? '?'
    self.set(name, (self.get(name) ?? 0) + (profile.timeDeltas?.[index] ?? 0))
  }
  const total = [...self.values()].reduce((sum, time) => sum + time, 0)
  const percent = (time: number) => `${((100 * time) / total).toFixed(1).padStart(5)} %`
  const sorted = [...self].sort(([, a], [, b]) => b - a)
  const shown = sorted.slice(0, lines).map(([name, time]) => `${percent(time)}  ${name}`)
  const rest = sorted.slice(lines).reduce((sum, [, time]) => sum + time, 0)
  return { value, report: [...shown, `${percent(rest)}  the rest`].join('\n') }
}

function nameOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  const file = url.split('/').slice(-2).join('/')
  return `${functionName || '(anonymous)'}${file ? `  ${file}` : ''}`
}
