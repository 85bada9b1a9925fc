import type { LiveMessage } from '../wire/common.ts'
import type { Listener, LiveReads } from './live-reads.ts'
import type { Reading } from './reader.ts'

/** Comments that keep proxies from closing a quiet connection. */
const pingMs = 15_000
/** A page looks at a few things at once. */
const mostPaths = 12

const encoder = new TextEncoder()

/**
 * Server-sent events about some reads. A client that is slow misses what lies between, never the latest.
 *
 * @throws NotFound
 */
export function eventStream(live: LiveReads, paths: readonly string[], signal: AbortSignal): Response {
  const leaving: (() => void)[] = []
  const waiting = new Map<string, Reading>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const leave = () => {
    for (const stop of leaving.splice(0)) stop()
    waiting.clear()
  }
  const end = () => {
    leave()
    controller?.close()
    controller = undefined
  }
  const flush = () => {
    for (const [path, reading] of waiting) {
      if (!controller || (controller.desiredSize ?? 0) <= 0) return
      waiting.delete(path)
      controller.enqueue(encoder.encode(`data: ${toMessage(path, reading)}\n\n`))
    }
  }
  const take: Listener = (path, reading) => {
    waiting.set(path, reading)
    flush()
  }
  try {
    for (const path of new Set(paths.slice(0, mostPaths))) leaving.push(live.watch(path, take))
  } catch (error) {
    leave()
    throw error
  }
  const ping = setInterval(() => {
    if ((controller?.desiredSize ?? 0) > 0) controller?.enqueue(encoder.encode(': ping\n\n'))
  }, pingMs)
  leaving.push(() => clearInterval(ping), live.onClose(end))
  signal.addEventListener('abort', leave, { once: true })
  const body = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened
        // The browser tries again this soon when the connection breaks.
        opened.enqueue(encoder.encode('retry: 2000\n\n'))
      },
      pull: flush,
      cancel: leave,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1_024 }),
  )
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

/** JSON has no line breaks outside of texts, and none unescaped inside: one line of data. */
function toMessage(path: string, reading: Reading): string {
  if ('json' in reading) return `{"get":${JSON.stringify(path)},"data":${reading.json}}`
  return JSON.stringify({ get: path, problem: reading.problem } satisfies LiveMessage)
}
