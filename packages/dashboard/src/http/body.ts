import { Refusal } from '../access/refusal.ts'
import { BadRequest } from './problem.ts'

/** No action needs more. */
const mostBytes = 64 * 1_024

/** The body of an action: an object. Never read beyond the limit. */
export async function readObject(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const text = new TextDecoder().decode(await readBytes(request))
  const value = parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw new BadRequest('The body has to be a JSON object.')
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > mostBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.length
    if (length > mostBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadRequest('The body is not JSON.')
  }
}

function tooLarge(): Refusal {
  return new Refusal(413, 'TOO_LARGE', `The body has more than ${mostBytes} bytes.`)
}
