import type { Millis } from '@tq/core/driver'

/**
 * What a receiver holds, in memory that another thread sees: there a keeper renews it while this thread is blocked.
 * Per slot: state, serial number, band, when the lease ends, when it must end, and the receipt handle.
 */
const slotBytes = 2_112
const fieldsPerSlot = slotBytes / 4
const handleAt = 32
const longestHandle = slotBytes - handleAt
const slotsPerStep = 32
/** Times are kept as whole numbers of this, from the table's beginning: good for 248 days. */
const tickMs = 10

const state = 0
const serial = 1
const band = 2
const endsAt = 3
const mustEndAt = 4
const length = 5

/** What becomes of a slot. */
export const slot = {
  free: 0,
  held: 1,
  /** SQS was asked to take it off us: a renewal that fails says nothing. */
  settling: 2,
  /** Its lease is over. */
  ended: 3,
} as const

/** A lease as a renewal sees it. */
export interface Slot {
  readonly at: number
  readonly serial: number
  readonly band: number
  readonly handle: string
  readonly endsAt: Millis
  readonly mustEndAt: Millis
}

/** Milliseconds of a clock that all threads of a process share. */
export function sharedNow(): Millis {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Data of a table for another thread. */
export interface TableData {
  readonly memory: SharedArrayBuffer
  readonly origin: Millis
}

export class LeaseTable {
  readonly data: TableData
  readonly #memory: SharedArrayBuffer
  readonly #fields: Int32Array
  readonly #bytes: Uint8Array
  readonly #free: number[] = []
  #serial = 0

  constructor(data: TableData) {
    this.data = data
    this.#memory = data.memory
    // Without a length they grow with the memory.
    this.#fields = new Int32Array(data.memory)
    this.#bytes = new Uint8Array(data.memory)
  }

  /** @param most slots it may ever have */
  static create(most: number): LeaseTable {
    const steps = Math.ceil(most / slotsPerStep)
    const memory = new SharedArrayBuffer(0, { maxByteLength: steps * slotsPerStep * slotBytes })
    return new LeaseTable({ memory, origin: sharedNow() })
  }

  /** Undefined when the table is full, or the handle too long for it: then only this thread can renew it. */
  add(handle: string, bandNumber: number, ends: Millis, mustEnd: Millis): number | undefined {
    const at = handle.length > longestHandle ? undefined : (this.#free.pop() ?? this.#grow())
    if (at === undefined) return undefined
    const start = at * fieldsPerSlot
    this.#bytes.set(Buffer.from(handle, 'latin1'), at * slotBytes + handleAt)
    this.#serial = (this.#serial + 1) | 0
    this.#fields[start + serial] = this.#serial
    this.#fields[start + band] = bandNumber
    this.#fields[start + endsAt] = this.#tick(ends)
    this.#fields[start + mustEndAt] = this.#tick(mustEnd)
    this.#fields[start + length] = handle.length
    // Last: from here on the other thread may read it.
    Atomics.store(this.#fields, start + state, slot.held)
    return at
  }

  free(at: number): void {
    Atomics.store(this.#fields, at * fieldsPerSlot + state, slot.free)
    this.#free.push(at)
  }

  /** Changes the state if it was as expected; says whether it was. */
  change(at: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#fields, at * fieldsPerSlot + state, from, to) === from
  }

  stateOf(at: number): number {
    return Atomics.load(this.#fields, at * fieldsPerSlot + state)
  }

  endOf(at: number): Millis {
    return this.#time(Atomics.load(this.#fields, at * fieldsPerSlot + endsAt))
  }

  /** A later end, unless the slot serves another lease by now. */
  renew({ at, serial: expected }: Slot, ends: Millis): void {
    const start = at * fieldsPerSlot
    if (Atomics.load(this.#fields, start + serial) !== expected) return
    Atomics.store(this.#fields, start + endsAt, this.#tick(ends))
  }

  /** It ended, unless somebody settles it, or the slot serves another lease by now. Says whether it did. */
  end({ at, serial: expected }: Slot): boolean {
    const current = Atomics.load(this.#fields, at * fieldsPerSlot + serial)
    return current === expected && this.change(at, slot.held, slot.ended)
  }

  read(at: number): Slot {
    const start = at * fieldsPerSlot
    const from = at * slotBytes + handleAt
    const handle = Buffer.from(this.#bytes.subarray(from, from + (this.#fields[start + length] ?? 0)))
    return {
      at,
      serial: this.#fields[start + serial] ?? 0,
      band: this.#fields[start + band] ?? 0,
      handle: handle.toString('latin1'),
      endsAt: this.endOf(at),
      mustEndAt: this.#time(this.#fields[start + mustEndAt] ?? 0),
    }
  }

  /** All that is held or about to be settled. */
  live(): readonly Slot[] {
    const slots: Slot[] = []
    const count = this.#memory.byteLength / slotBytes
    for (let at = 0; at < count; at++) {
      const now = this.stateOf(at)
      if (now === slot.held || now === slot.settling) slots.push(this.read(at))
    }
    return slots
  }

  #grow(): number | undefined {
    const first = this.#memory.byteLength / slotBytes
    const bytes = this.#memory.byteLength + slotsPerStep * slotBytes
    if (bytes > this.#memory.maxByteLength) return undefined
    this.#memory.grow(bytes)
    for (let at = first + slotsPerStep - 1; at > first; at--) this.#free.push(at)
    return first
  }

  #tick(time: Millis): number {
    return Math.floor((time - this.data.origin) / tickMs)
  }

  #time(ticks: number): Millis {
    return this.data.origin + ticks * tickMs
  }
}
