import type { Script } from './script.ts'

/** Before the arguments stands how many there are, known only at the end. */
const headRoom = 96
const carriageReturn = 0x0d
const lineFeed = 0x0a

/**
 * The keys and arguments of a script, written as they travel: a batch of hundreds of values becomes one buffer, without
 * a buffer or a text per value.
 */
export class Arguments {
  #bytes: Buffer
  #at = headRoom
  #count = 0

  /** @param size about how many bytes it will have; it grows when there are more */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(headRoom + size)
  }

  get count(): number {
    return this.#count
  }

  /** Where `space` gave room. Another one after the next call. */
  get bytes(): Buffer {
    return this.#bytes
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    const at = this.space(length)
    if (length === value.length) this.#bytes.write(value, at, 'latin1')
    else this.#bytes.write(value, at)
  }

  /** A whole number, not negative. */
  number(value: number): void {
    const at = this.space(digitsOf(value))
    this.#digits(value, at)
  }

  buffer(value: Uint8Array): void {
    const at = this.space(value.length)
    this.#bytes.set(value, at)
  }

  /** An argument of so many bytes; the caller writes them from the position that is returned. */
  space(length: number): number {
    this.#need(length + 32)
    const bytes = this.#bytes
    bytes[this.#at] = 0x24
    const start = this.#digits(length, this.#at + 1) + 2
    bytes[start - 2] = carriageReturn
    bytes[start - 1] = lineFeed
    bytes[start + length] = carriageReturn
    bytes[start + length + 1] = lineFeed
    this.#at = start + length + 2
    this.#count++
    return start
  }

  /** Returns where they end. */
  #digits(value: number, at: number): number {
    const end = at + digitsOf(value)
    let rest = value
    for (let place = end - 1; place >= at; place--) {
      const next = Math.floor(rest / 10)
      this.#bytes[place] = 0x30 + rest - 10 * next
      rest = next
    }
    return end
  }

  /** Arguments that were written before. */
  written(values: WrittenArguments): void {
    this.#need(values.bytes.length)
    this.#bytes.set(values.bytes, this.#at)
    this.#at += values.bytes.length
    this.#count += values.count
  }

  /** To be put in front of others again and again. */
  keep(): WrittenArguments {
    return { bytes: Buffer.from(this.#bytes.subarray(headRoom, this.#at)), count: this.#count }
  }

  /** The whole command, which calls the script by its hash. May be asked again. */
  byHash({ sha }: Script, keys: number): Buffer {
    const head = Buffer.from(this.#head('EVALSHA', sha, keys), 'latin1')
    const start = headRoom - head.length
    this.#bytes.set(head, start)
    return this.#bytes.subarray(start, this.#at)
  }

  /** The whole command, with the script's text. */
  byText({ lua }: Script, keys: number): Buffer {
    const head = Buffer.from(this.#head('EVAL', lua, keys))
    return Buffer.concat([head, this.#bytes.subarray(headRoom, this.#at)])
  }

  #head(command: string, script: string, keys: number): string {
    const count = String(keys)
    return `*${this.#count + 3}\r\n$${command.length}\r\n${command}\r\n$${Buffer.byteLength(script)}\r\n${script}\r\n$${count.length}\r\n${count}\r\n`
  }

  #need(more: number): void {
    const least = this.#at + more
    if (least <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(least, 2 * this.#bytes.length))
    this.#bytes.copy(larger, headRoom, headRoom, this.#at)
    this.#bytes = larger
  }
}

/** Arguments as they travel. */
export interface WrittenArguments {
  readonly bytes: Buffer
  readonly count: number
}

export function writtenTexts(values: readonly string[]): WrittenArguments {
  const written = new Arguments(values.reduce((sum, value) => sum + value.length + 16, 0))
  for (const value of values) written.text(value)
  return written.keep()
}

function digitsOf(value: number): number {
  let digits = 1
  for (let bound = 10; value >= bound; bound *= 10) digits++
  return digits
}
