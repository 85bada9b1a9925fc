import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

type Said = { readonly leads: boolean } | { readonly ready: true }

interface Replica {
  readonly process: ChildProcess
  leads: boolean
}

const longestPauseMs = 3_000
/** Nobody leads for this long: something is stuck. */
const longestVacancyMs = 60_000
/** A replica that is told to end does so within this; else it is killed. */
const longestEndMs = 20_000

const file = new URL('./beat-replica.ts', import.meta.url)

/** Replicas of a beat, each with a clock of its own; dead ones are replaced. */
export class BeatCrew {
  readonly #environment: Readonly<Record<string, string>>
  readonly #offsetsMs: readonly number[]
  readonly #replicas: Replica[]
  #dismissed = false
  kills = 0
  pauses = 0

  private constructor(environment: Readonly<Record<string, string>>, offsetsMs: readonly number[]) {
    this.#environment = environment
    this.#offsetsMs = offsetsMs
    this.#replicas = []
  }

  /** One replica for each offset of its clock. */
  static async hire(
    environment: Readonly<Record<string, string>>,
    offsetsMs: readonly number[],
  ): Promise<BeatCrew> {
    const crew = new BeatCrew(environment, offsetsMs)
    await Promise.all(offsetsMs.map((_, at) => crew.#start(at)))
    return crew
  }

  /** SIGKILL for whoever leads; another process takes its place. */
  async killLeader(): Promise<void> {
    const at = await this.#leader()
    const { process } = this.#replicas[at] as Replica
    const gone = once(process, 'exit')
    process.kill('SIGKILL')
    await gone
    this.kills++
    await this.#start(at)
  }

  /** Stops whoever leads until another one does; then it goes on, and does not know. */
  async pauseLeader(): Promise<void> {
    const at = await this.#leader()
    const paused = this.#replicas[at] as Replica
    paused.process.kill('SIGSTOP')
    paused.leads = false
    // Not for ever: one that sleeps with SQLite's lock in its hands keeps all others from leading.
    const other = await Promise.race([this.#leader(), sleep(longestPauseMs, undefined)])
    // Nobody took its place: it leads on, and has no change to tell.
    if (other === undefined) paused.leads = true
    paused.process.kill('SIGCONT')
    this.pauses++
  }

  async dismiss(): Promise<void> {
    this.#dismissed = true
    await Promise.all(
      this.#replicas.map(async ({ process }) => {
        if (hasEnded(process)) return
        const gone = once(process, 'exit')
        process.kill('SIGCONT')
        process.kill('SIGTERM')
        const late = setTimeout(() => process.kill('SIGKILL'), longestEndMs)
        await gone
        clearTimeout(late)
      }),
    )
  }

  async #start(at: number): Promise<void> {
    const child = fork(file, {
      env: { ...process.env, ...this.#environment, BEAT_OFFSET_MS: String(this.#offsetsMs[at]) },
    })
    const replica: Replica = { process: child, leads: false }
    this.#replicas[at] = replica
    await new Promise<void>((resolve, reject) => {
      child.on('message', (said: Said) => {
        if ('ready' in said) resolve()
        else replica.leads = said.leads
      })
      child.once('exit', (code) => reject(new Error(`a replica ended with ${code} before it was ready`)))
    })
  }

  /** Waits until one leads. */
  async #leader(): Promise<number> {
    const end = performance.now() + longestVacancyMs
    for (;;) {
      // Nobody but the crew ends a replica.
      const fallen = this.#replicas.find(({ process }) => hasEnded(process))?.process
      if (fallen) throw new Error(`a replica ended by itself: ${fallen.exitCode ?? fallen.signalCode}`)
      const at = this.#replicas.findIndex(({ leads }) => leads)
      if (at >= 0) return at
      if (this.#dismissed) throw new Error('dismissed while nobody led')
      if (performance.now() > end) throw new Error(`nobody led for ${longestVacancyMs} ms`)
      await sleep(10)
    }
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
