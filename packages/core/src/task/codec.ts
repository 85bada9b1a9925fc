import { TqError } from '../errors/tq-error.ts'

/**
 * Turns envelopes into bytes and back: JSON by default; compression, encryption or another format where an app brings
 * it. The name travels with each message, and a worker reads only names it accepts.
 */
export interface Codec {
  /** Letters, digits and dashes: `json`, `json-gzip`. */
  readonly name: string
  encode(value: unknown): Uint8Array
  /** Throws on anything it cannot read. Must never build more than plain data. */
  decode(body: Uint8Array): unknown
}

/** JSON in UTF-8, readable by every tool and language. */
export const jsonCodec: Codec = {
  name: 'json',
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (body) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    return JSON.parse(bytes.toString()) as unknown
  },
}

const codecHeader = 'tq-codec'

/** The codec an app writes with, and those it reads. */
export class Codecs {
  /** Marks messages as written by this app's codec. JSON needs no mark: producers in other languages leave it out. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the codec that is written with. */
  readonly name: string
  readonly #write: Codec
  readonly #read: ReadonlyMap<string, Codec>

  constructor(write: Codec, read: readonly Codec[]) {
    this.#write = write
    this.name = write.name
    this.#read = new Map([...read, write].map((codec) => [codec.name, codec]))
    this.headers = Object.freeze(this.headersOf(write.name))
  }

  /** What marks a message of the named codec. */
  headersOf(name: string): Readonly<Record<string, string>> {
    return name === jsonCodec.name ? {} : { [codecHeader]: name }
  }

  encode(value: unknown): Uint8Array {
    return this.#write.encode(value)
  }

  /** @throws TqError `UNREADABLE_MESSAGE` */
  decode(body: Uint8Array, headers: Readonly<Record<string, string>>): unknown {
    const name = headers[codecHeader] ?? jsonCodec.name
    const codec = this.#read.get(name)
    if (!codec) {
      const accepted = [...this.#read.keys()].join(', ')
      throw new TqError(
        'UNREADABLE_MESSAGE',
        `The message is encoded as '${name}'; this app accepts: ${accepted}.`,
      )
    }
    try {
      return codec.decode(body)
    } catch (cause) {
      throw new TqError('UNREADABLE_MESSAGE', `The message is not ${name}.`, { cause })
    }
  }
}
