import { createHash, randomUUID } from 'node:crypto'
import type { Faults } from './faults.ts'

/** An answer that is an error of SQS. */
export class SqsFailure extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string = code, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export type Attributes = Readonly<
  Record<string, { readonly DataType: string; readonly StringValue?: string }>
>

export interface Stored {
  readonly id: string
  readonly body: string
  readonly attributes: Attributes
  readonly group: string | undefined
  readonly sentAt: number
  readonly number: number
  receives: number
  firstReceivedAt: number
  receivedAt: number
  /** Of the last receive; undefined when it was never received. */
  handle: string | undefined
  /** Receivable from then on. */
  visibleAt: number
  inFlight: boolean
  gone: boolean
}

interface Waiter {
  readonly max: number
  readonly visibilityMs: number
  readonly end: (messages: readonly Stored[]) => void
}

const dedupeMs = 5 * 60_000

/** One queue, standard or FIFO, as SQS documents it. */
export class Queue {
  readonly name: string
  readonly settings: Record<string, string>
  /** Where the redrive policy sends what was received too often. */
  readonly deadLetters: () => { readonly queue: Queue; readonly maxReceives: number } | undefined
  readonly #faults: () => Faults
  readonly #random: () => number
  readonly #handles = new Map<string, Stored>()
  readonly #deduplicated = new Map<string, { readonly id: string; readonly until: number }>()
  #ready: Stored[] = []
  /** Delayed or in flight, in no order. */
  readonly #hidden = new Set<Stored>()
  readonly #waiters: Waiter[] = []
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #number = 0

  constructor(
    name: string,
    settings: Record<string, string>,
    faults: () => Faults,
    random: () => number,
    deadLetters: Queue['deadLetters'],
  ) {
    this.name = name
    this.settings = settings
    this.#faults = faults
    this.#random = random
    this.deadLetters = deadLetters
  }

  get fifo(): boolean {
    return this.settings['FifoQueue'] === 'true'
  }

  get counts(): { readonly ready: number; readonly inFlight: number; readonly delayed: number } {
    this.#turn()
    const inFlight = [...this.#hidden].filter((message) => message.inFlight).length
    return { ready: this.#ready.length, inFlight, delayed: this.#hidden.size - inFlight }
  }

  send(body: string, attributes: Attributes, delayMs: number, group?: string, dedupeId?: string): string {
    const now = Date.now()
    if (dedupeId !== undefined) {
      const seen = this.#deduplicated.get(dedupeId)
      if (seen && seen.until > now) return seen.id
    }
    const message: Stored = {
      id: randomUUID(),
      body,
      attributes,
      group,
      sentAt: now,
      number: this.#number++,
      receives: 0,
      firstReceivedAt: 0,
      receivedAt: 0,
      handle: undefined,
      visibleAt: now + delayMs,
      inFlight: false,
      gone: false,
    }
    if (dedupeId !== undefined) this.#deduplicated.set(dedupeId, { id: message.id, until: now + dedupeMs })
    this.#put(message)
    return message.id
  }

  /** As it is, from another queue. */
  take(message: Stored): void {
    this.#put({
      ...message,
      handle: undefined,
      visibleAt: Date.now(),
      inFlight: false,
      number: this.#number++,
    })
  }

  receive(max: number, visibilityMs: number, waitMs: number, gone: AbortSignal): Promise<readonly Stored[]> {
    this.#turn()
    const missed = waitMs === 0 && this.#random() < this.#faults().missedByShortPolls
    const found = missed ? [] : this.#lease(max, visibilityMs)
    if (found.length > 0 || waitMs === 0) return Promise.resolve(found)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        max,
        visibilityMs,
        end: (messages) => {
          clearTimeout(timer)
          const at = this.#waiters.indexOf(waiter)
          if (at >= 0) this.#waiters.splice(at, 1)
          resolve(messages)
        },
      }
      const timer = setTimeout(() => waiter.end([]), waitMs)
      // A client that hangs up is not noticed at once: a message may still go its way. See `lostReceives`.
      gone.addEventListener('abort', () => waiter.end([]), { once: true })
      this.#waiters.push(waiter)
    })
  }

  /** False when the handle is none of this queue. A message that is not there any more is no error. */
  delete(handle: string): boolean {
    const message = this.#handles.get(handle)
    if (!message) return /^[\w-]+#\d+$/.test(handle)
    this.#handles.delete(handle)
    if (message.handle !== handle && !this.#stale()) return true
    if (this.#random() < this.#faults().undeleted) return true
    message.gone = true
    if (!this.#hidden.delete(message)) this.#ready = this.#ready.filter((one) => one !== message)
    if (message.group !== undefined) this.#wake()
    return true
  }

  changeVisibility(handle: string, timeoutMs: number): void {
    this.#turn()
    const message = this.#handles.get(handle)
    if (!message || message.gone)
      throw new SqsFailure(
        'InvalidParameterValue',
        'Message does not exist or is not available for visibility timeout change.',
      )
    if (message.handle !== handle && !this.#stale()) return
    if (!message.inFlight) throw new SqsFailure('MessageNotInflight')
    const now = Date.now()
    if (now + timeoutMs > message.receivedAt + this.#faults().visibilityCapMs) {
      throw new SqsFailure(
        'InvalidParameterValue',
        'Total VisibilityTimeout for the message is beyond the limit [43200 seconds]',
      )
    }
    message.visibleAt = now + timeoutMs
    this.#planTurn(message.visibleAt)
    this.#turn()
  }

  purge(): void {
    this.#ready = []
    this.#hidden.clear()
    this.#handles.clear()
  }

  #stale(): boolean {
    const { staleHandles } = this.#faults()
    if (staleHandles === 'fail') throw new SqsFailure('ReceiptHandleIsInvalid')
    return staleHandles === 'work'
  }

  #put(message: Stored): void {
    if (message.visibleAt <= Date.now()) this.#ready.push(message)
    else {
      this.#hidden.add(message)
      this.#planTurn(message.visibleAt)
    }
    this.#wake()
  }

  /** What is due becomes receivable. */
  #turn(): void {
    const now = Date.now()
    let next = Number.POSITIVE_INFINITY
    let any = false
    for (const message of this.#hidden) {
      if (message.visibleAt > now) {
        next = Math.min(next, message.visibleAt)
        continue
      }
      this.#hidden.delete(message)
      message.inFlight = false
      this.#ready.push(message)
      any = true
    }
    if (any && this.fifo) this.#ready.sort((a, b) => a.number - b.number)
    this.#planTurn(next)
    if (any) this.#wake()
  }

  #planTurn(at: number): void {
    if (at >= this.#timerAt && this.#timerAt > Date.now()) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, at - Date.now()) + 1)
  }

  #wake(): void {
    while (this.#waiters.length > 0 && this.#ready.length > 0) {
      const [waiter] = this.#waiters
      const found = waiter ? this.#lease(waiter.max, waiter.visibilityMs) : []
      if (found.length === 0) return
      waiter?.end(found)
    }
  }

  #lease(max: number, visibilityMs: number): readonly Stored[] {
    const faults = this.#faults()
    const found: Stored[] = []
    const kept: Stored[] = []
    const reordered = !this.fifo && this.#random() < faults.reordered
    const blocked = this.fifo ? new Set([...this.#hidden].map(({ group }) => group)) : undefined
    let at = 0
    for (; at < this.#ready.length && found.length < max; at++) {
      if (reordered) this.#swap(at)
      const message = this.#ready[at] as Stored
      if (message.gone) continue
      if (blocked?.has(message.group)) {
        kept.push(message)
        continue
      }
      if (this.#isDead(message)) continue
      if (this.#hidden.size >= faults.mostInFlight) throw new SqsFailure('OverLimit')
      this.#hand(message, visibilityMs)
      found.push(message)
      const doubled = !this.fifo && this.#random() < faults.duplicates
      if (doubled) kept.push(message)
      else this.#hidden.add(message)
      this.#planTurn(message.visibleAt)
    }
    this.#ready = [...kept, ...this.#ready.slice(at)]
    if (found.length === 0 || this.#random() >= faults.lostReceives) return found.map((one) => ({ ...one }))
    return []
  }

  #swap(at: number): void {
    const other = at + Math.floor(this.#random() * (this.#ready.length - at))
    const [one, two] = [this.#ready[at], this.#ready[other]]
    if (one && two) [this.#ready[at], this.#ready[other]] = [two, one]
  }

  #hand(message: Stored, visibilityMs: number): void {
    const now = Date.now()
    message.receives++
    message.firstReceivedAt ||= now
    message.receivedAt = now
    message.handle = `${message.id}#${message.receives}`
    message.visibleAt = now + visibilityMs
    message.inFlight = true
    this.#handles.set(message.handle, message)
  }

  #isDead(message: Stored): boolean {
    const dead = this.deadLetters()
    if (!dead || message.receives < dead.maxReceives) return false
    message.gone = true
    dead.queue.take({ ...message, gone: false })
    return true
  }
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
