import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { ProcessHealth } from '../runtime/worker-list.ts'

/** The monitor's own period: a timer that is on time is this late. */
const resolutionMs = 20

/** Measures how the process is doing from one look to the next. */
export class HealthMeter {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs })
  #loop: EventLoopUtilization = performance.eventLoopUtilization()
  #cpu = process.cpuUsage()
  #at = performance.now()

  start(): void {
    this.#delays.enable()
  }

  stop(): void {
    this.#delays.disable()
  }

  measure(): ProcessHealth {
    const now = performance.now()
    const loop = performance.eventLoopUtilization()
    const cpu = process.cpuUsage()
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    const usedMs = (cpu.user - this.#cpu.user + cpu.system - this.#cpu.system) / 1_000
    const health: ProcessHealth = {
      loopLag: { p99Ms: lagOf(this.#delays.percentile(99)), maxMs: lagOf(this.#delays.max) },
      loopUsed: round(performance.eventLoopUtilization(loop, this.#loop).utilization),
      cpu: round(usedMs / Math.max(1, now - this.#at)),
      memory: { rss, heapUsed, heapTotal },
    }
    this.#delays.reset()
    this.#loop = loop
    this.#cpu = cpu
    this.#at = now
    return health
  }
}

/** From the nanoseconds between two ticks of the monitor; it has none yet in its first moments. */
function lagOf(nanoseconds: number): number {
  const ms = nanoseconds / 1e6 - resolutionMs
  return ms > 0 && ms < 1e9 ? Math.round(ms * 10) / 10 : 0
}

const round = (part: number): number => Math.round(part * 1_000) / 1_000
