import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Each start takes about a second: longer than a service needs to restart. */
const mostStarts = 20

/** Repeatable: the same seed gives the same faults. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Worker processes that are replaced when they are killed. */
export class Crew {
  readonly #file: URL
  readonly #environment: Readonly<Record<string, string>>
  readonly #members: ChildProcess[] = []
  #dismissed = false
  #replaces = false

  constructor(file: URL, environment: Readonly<Record<string, string>>) {
    this.#file = file
    this.#environment = environment
  }

  /**
   * Starts one and waits until it takes tasks. One that finds the service away ends with an error; as any supervisor
   * would, another one is started in its place.
   */
  async hire(): Promise<void> {
    for (let starts = 0; starts < mostStarts && !this.#dismissed; starts++) {
      if (await this.#start()) return
    }
    if (!this.#dismissed) throw new Error(`${mostStarts} worker processes ended before they were ready`)
  }

  async #start(): Promise<boolean> {
    const member = fork(this.#file, { env: { ...process.env, ...this.#environment } })
    this.#members.push(member)
    const ready = await Promise.race([
      once(member, 'message').then(() => true),
      once(member, 'exit').then(() => false),
    ])
    if (!ready) this.#members.splice(this.#members.indexOf(member), 1)
    else if (this.#replaces) member.once('exit', () => this.#replace(member))
    return ready
  }

  /** From now on another one is hired for whoever ends by himself. */
  replaceEnded(): void {
    this.#replaces = true
  }

  #replace(member: ChildProcess): void {
    const at = this.#members.indexOf(member)
    if (this.#dismissed || at < 0) return
    this.#members.splice(at, 1)
    void this.hire()
  }

  /** SIGKILL for a random one; another one takes its place. */
  async kill(random: () => number): Promise<void> {
    const member = this.#pick(random)
    const gone = once(member, 'exit')
    member.kill('SIGKILL')
    await gone
    this.#members.splice(this.#members.indexOf(member), 1)
    await this.hire()
  }

  /** Stops a random one for a while: its leases end while it sleeps, and it does not know. */
  async pause(random: () => number, ms: number): Promise<void> {
    const member = this.#pick(random)
    member.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, ms))
    member.kill('SIGCONT')
  }

  async dismiss(): Promise<void> {
    this.#dismissed = true
    await Promise.all(
      this.#members.map(async (member) => {
        if (member.exitCode !== null || member.signalCode !== null) return
        const gone = once(member, 'exit')
        member.kill('SIGTERM')
        const hard = setTimeout(() => member.kill('SIGKILL'), 10_000)
        await gone
        clearTimeout(hard)
      }),
    )
  }

  #pick(random: () => number): ChildProcess {
    const member = this.#members[Math.floor(random() * this.#members.length)]
    if (!member) throw new Error('nobody is left')
    return member
  }
}
