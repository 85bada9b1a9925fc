/** One measured run. */
export interface Sample {
  readonly name: string
  readonly tasks: number
  readonly ms: number
  /** CPU time of the process that ran the tasks. */
  readonly cpuMs: number
  /** What the run counted itself: proves that nothing was skipped. */
  readonly check: number
}

/** The middle one: a noisy machine's figures are told by medians. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Rows by name: medians over the rounds, interleaved as they were measured. */
export function printTable(title: string, samples: readonly Sample[]): void {
  console.log(`\n${title}`)
  console.log(
    `${'case'.padEnd(44)} ${'tasks/s'.padStart(12)} ${'µs/task'.padStart(10)} ${'cpu µs/task'.padStart(12)}`,
  )
  for (const name of new Set(samples.map((sample) => sample.name))) {
    const own = samples.filter((sample) => sample.name === name)
    const perTask = median(own.map(({ ms, tasks }) => (ms * 1_000) / tasks))
    const cpu = median(own.map(({ cpuMs, tasks }) => (cpuMs * 1_000) / tasks))
    console.log(
      `${name.padEnd(44)} ${Math.round(1e6 / perTask)
        .toLocaleString('en')
        .padStart(12)} ${perTask.toFixed(2).padStart(10)} ${cpu.toFixed(2).padStart(12)}`,
    )
  }
}
