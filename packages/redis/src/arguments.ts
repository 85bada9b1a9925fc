import type { Script } from './script.ts'

/** Before the arguments stands how many there are, known only at the end. */
const headRoom = 96
const lineEnd = 0x0a0d

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
    if (length === value.length) {
      const whole = `$${length}\r\n${value}\r\n`
      this.#need(whole.length)
      this.#at += this.#bytes.write(whole, this.#at, 'latin1')
      this.#count++
      return
    }
    const at = this.space(length)
    this.#bytes.write(value, at)
  }

  number(value: number): void {
    this.text(String(value))
  }

  buffer(value: Uint8Array): void {
    const at = this.space(value.length)
    this.#bytes.set(value, at)
  }

  /** An argument of so many bytes; the caller writes them from the position that is returned. */
  space(length: number): number {
    const head = `$${length}\r\n`
    this.#need(head.length + length + 2)
    const start = this.#at + this.#bytes.write(head, this.#at, 'latin1')
    this.#at = start + length + 2
    this.#bytes.writeUInt16LE(lineEnd, start + length)
    this.#count++
    return start
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
