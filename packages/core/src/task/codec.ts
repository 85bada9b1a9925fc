import { TqError } from '../errors/tq-error.ts'

/** Turns envelopes into bytes and back. `name` travels with each message; a worker refuses names it does not accept. */
export interface Codec {
  readonly name: string
  /** Headers that mark a message as this codec's. */
  readonly headers: Readonly<Record<string, string>>
  encode(value: unknown): Uint8Array
  /** Throws on anything it cannot read. */
  decode(body: Uint8Array, headers: Readonly<Record<string, string>>): unknown
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

/** JSON in UTF-8, readable by every tool and language. Messages without a codec header are JSON. */
export const jsonCodec: Codec = {
  name: 'json',
  headers: noHeaders,
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode(body, headers) {
    const name = headers['tq-codec']
    if (name !== undefined && name !== 'json') {
      throw new TqError(
        'UNREADABLE_MESSAGE',
        `The message is encoded as '${name}'; this worker accepts only json.`,
      )
    }
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
    try {
      return JSON.parse(text) as unknown
    } catch (cause) {
      throw new TqError('UNREADABLE_MESSAGE', 'The message is not JSON.', { cause })
    }
  },
}
