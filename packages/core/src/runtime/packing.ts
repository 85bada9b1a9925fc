import type { OutboundMessage } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Envelope, type NewEnvelope, toMessage } from '../task/envelope.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import { type Aside, ownerOf } from './payloads.ts'
import type { Connection, Runtime } from './runtime.ts'

/** A message, and what has to be kept before it is sent. */
export interface Packed {
  readonly message: OutboundMessage
  readonly asides: readonly Aside[]
}

const nothing: readonly Aside[] = []

/**
 * The message of an envelope. One that is too large to travel leaves its input behind, or the steps that follow it: the
 * heavier of them, or both.
 *
 * @param ttlMs How long what it leaves behind is kept, if nobody deletes it.
 * @throws TqError `PAYLOAD_TOO_LARGE`
 */
export function packEnvelope(
  runtime: Runtime,
  connection: Connection,
  envelope: NewEnvelope,
  delayMs: Millis,
  ttlMs: Millis,
): Packed {
  const { payloads, broker } = connection
  const most = Math.min(runtime.settings.maxPayloadBytes, broker.capabilities.maxBodyBytes)
  const above = payloads.on ? Math.min(payloads.aboveBytes, most) : most
  const whole = toMessage(envelope, runtime.codec, delayMs)
  const size = whole.body.byteLength
  if (size <= above) return { message: whole, asides: nothing }
  if (!payloads.on) throw tooLarge(envelope.task, size, most, 'or set payload.offload')
  const asides: Aside[] = []
  const owner = ownerOf(envelope.id, envelope.generation ?? 0)
  // A letter that was given up can be run again as long as it is kept.
  const keptMs = ttlMs + runtime.settings.deadLetterExpiresMs
  const leave = (value: unknown, what: string): PayloadRef => {
    const aside = payloads.aside(owner, value, keptMs, `${what} of task '${envelope.task}'`)
    asides.push(aside)
    return aside.ref
  }
  let lighter = envelope
  let message = whole
  for (const part of heaviestFirst(envelope, runtime)) {
    lighter = part === 'input' ? withoutInput(lighter, leave) : withoutFrames(lighter, leave)
    message = toMessage(lighter, runtime.codec, delayMs)
    if (message.body.byteLength <= above) break
  }
  if (message.body.byteLength > most) throw tooLarge(envelope.task, size, most, 'or raise maxPayloadBytes')
  return { message, asides }
}

type Leave = (value: unknown, what: string) => PayloadRef

function heaviestFirst({ input, flow }: NewEnvelope, { codec }: Runtime): readonly ('input' | 'frames')[] {
  const sizeOf = (value: unknown) => codec.encode(value).byteLength
  if (!flow || flow.frames.length === 0) return input === undefined ? [] : ['input']
  if (input === undefined) return ['frames']
  return sizeOf(input) >= sizeOf(flow.frames) ? ['input', 'frames'] : ['frames', 'input']
}

function withoutInput({ input, ...rest }: NewEnvelope, leave: Leave): NewEnvelope {
  return { ...rest, payload: leave(input, 'input') }
}

function withoutFrames(envelope: NewEnvelope, leave: Leave): NewEnvelope {
  const { flow } = envelope
  if (!flow) return envelope
  return { ...envelope, flow: { ...flow, frames: [], framesAt: leave(flow.frames, 'next steps') } }
}

/** Before anything is sent: a worker must find it. Most have nothing to keep, and do not wait for it. */
export function keepAsides({ payloads }: Connection, packed: readonly Packed[]): Promise<void> | undefined {
  const asides = packed.flatMap((one) => one.asides)
  return asides.length > 0 ? payloads.keep(asides) : undefined
}

/** What an envelope refers to, which is kept for it alone. */
export function refsOf({ payload, flow }: Pick<NewEnvelope, 'payload' | 'flow'>): readonly PayloadRef[] {
  if (!payload && !flow?.framesAt) return []
  return [payload, flow?.framesAt].filter((ref) => ref !== undefined)
}

/** The same with these references in the place of its own, in the same order. */
export function withRefs(envelope: Envelope, refs: readonly PayloadRef[]): Envelope {
  const left = [...refs]
  const payload = envelope.payload && left.shift()
  const framesAt = envelope.flow?.framesAt && left.shift()
  return {
    ...envelope,
    ...(payload ? { payload } : {}),
    ...(envelope.flow && framesAt ? { flow: { ...envelope.flow, framesAt } } : {}),
  }
}

function tooLarge(task: string, size: number, limit: number, advice: string): TqError {
  return new TqError(
    'PAYLOAD_TOO_LARGE',
    `A message of task '${task}' is ${size} bytes; the limit is ${limit}. Store the data and pass its id or path, ${advice}.`,
    { details: { size, limit } },
  )
}
