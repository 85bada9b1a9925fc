import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { type App, chain, createApp, createWorker, type } from '@tq/core'
import { memory } from '@tq/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { openTelemetry } from '../src/index.ts'

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** An app that is traced into memory. */
function traced() {
  const spans = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const app = createApp({
    broker: 'memory:',
    adapters: [memory()],
    logger: silent,
    telemetry: openTelemetry({ tracerProvider, meterProvider, system: 'memory' }),
  })
  onTestFinished(() => meterProvider.shutdown())
  const named = (name: string) => spans.getFinishedSpans().filter((span) => span.name === name)
  const metric = async (name: string) => {
    await reader.forceFlush()
    const [latest] = exporter.getMetrics().slice(-1)
    return latest?.scopeMetrics.flatMap(({ metrics }) => metrics).find((one) => one.descriptor.name === name)
  }
  return { app, named, metric, tracer: tracerProvider.getTracer('test') }
}

async function work(app: App<undefined>) {
  const worker = createWorker(app)
  await worker.start()
  onTestFinished(async () => {
    await worker.stop()
    await app.close()
  })
}

const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId
const traceOf = (span: ReadableSpan | undefined) => span?.spanContext().traceId

test('a task belongs to the trace of its sender, from the request to the run', async () => {
  const { app, named, tracer } = traced()
  const task = app.task({ name: 'add', input: type<number>(), run: (n) => n + 1 })
  await work(app)
  const request = tracer.startSpan('request')
  const result = await context.with(trace.setSpan(context.active(), request), () => task.delay(1))
  request.end()
  await result.get({ timeout: '5s' })
  const [send] = named('send default')
  const [run] = named('process default')
  expect(send).toMatchObject({
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'memory',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'default',
      'tq.task.name': 'add',
    },
  })
  expect(send?.parentSpanContext?.spanId).toBe(request.spanContext().spanId)
  expect(run).toMatchObject({
    kind: SpanKind.CONSUMER,
    attributes: {
      'messaging.operation.type': 'process',
      'messaging.message.id': result.id,
      'tq.task.name': 'add',
      'tq.task.attempt': 0,
    },
  })
  expect(run?.parentSpanContext?.spanId).toBe(idOf(send))
  expect(run?.links[0]?.context.spanId).toBe(idOf(send))
  expect(traceOf(run)).toBe(request.spanContext().traceId)
})

test('what a task sends is part of its run; retries are part of the same trace', async () => {
  const { app, named } = traced()
  const child = app.task({ name: 'child', queue: 'children', run: () => {} })
  const parent = app.task({
    name: 'parent',
    retry: { maxRetries: 1, backoff: 1 },
    run: async (_, { attempt }) => {
      if (attempt === 0) throw new TypeError('secret text')
      return (await child.delay()).id
    },
  })
  await work(app)
  const result = await parent.delay()
  await app.result(await result.get({ timeout: '5s' })).get({ timeout: '5s' })
  const [first, second] = named('process default')
  expect([first, second].map((span) => span?.attributes['tq.task.attempt'])).toEqual([0, 1])
  expect(first?.status).toEqual({ code: SpanStatusCode.ERROR })
  expect(first?.attributes['error.type']).toBe('TypeError')
  // Both runs come of one sending.
  expect(traceOf(second)).toBe(traceOf(first))
  expect(second?.parentSpanContext?.spanId).toBe(first?.parentSpanContext?.spanId)
  // And the second links to the first, beside the sending.
  expect(first?.links.map((link) => link.context.spanId)).toEqual([first?.parentSpanContext?.spanId])
  expect(second?.links.map((link) => link.context.spanId)).toEqual([
    first?.parentSpanContext?.spanId,
    idOf(first),
  ])
  const [sent] = named('send children')
  expect(sent?.parentSpanContext?.spanId).toBe(idOf(second))
  const [ran] = named('process children')
  expect(ran?.parentSpanContext?.spanId).toBe(idOf(sent))
  expect(ran?.attributes['tq.task.parent_id']).toBe(result.id)
})

test('the steps of a workflow are in the trace of whoever started it', async () => {
  const { app, named, tracer } = traced()
  const one = app.task({ name: 'one', run: () => 1 })
  const two = app.task({ name: 'two', input: type<number>(), run: (n) => n + 1 })
  await work(app)
  const request = tracer.startSpan('request')
  const workflow = await context.with(trace.setSpan(context.active(), request), () =>
    chain(one.s(), two.s()).applyAsync(),
  )
  request.end()
  expect(await workflow.get({ timeout: '5s' })).toBe(2)
  const runs = named('process default')
  expect(runs.map((span) => span.attributes['tq.task.name'])).toEqual(['one', 'two'])
  for (const run of runs) {
    expect(traceOf(run)).toBe(request.spanContext().traceId)
    expect(run.attributes['messaging.message.conversation_id']).toBe(workflow.id)
  }
})

test('sending in bulk is one span, and metrics count each', async () => {
  const { app, named, metric } = traced()
  const task = app.task({ name: 'task', run: () => {} })
  await work(app)
  const sent = await task.delayMany([undefined, undefined, undefined])
  await Promise.all(sent.map((result) => result.get({ timeout: '5s' })))
  expect(named('send default')).toMatchObject([{ attributes: { 'messaging.batch.message_count': 3 } }])
  expect(named('process default')).toHaveLength(3)
  const counted = await metric('messaging.client.sent.messages')
  expect(counted?.dataPoints).toMatchObject([
    { value: 3, attributes: { 'messaging.destination.name': 'default', 'messaging.system': 'memory' } },
  ])
  const durations = await metric('messaging.process.duration')
  expect(durations?.dataPoints).toMatchObject([
    { value: { count: 3 }, attributes: { 'tq.task.name': 'task', 'messaging.operation.name': 'process' } },
  ])
  expect(durations?.descriptor.unit).toBe('s')
})

test('a sending that is refused ends its span with the reason', async () => {
  const { app, named, metric } = traced()
  onTestFinished(() => app.close())
  const task = app.task({ name: 'task', input: type<string>(), run: () => {} })
  await expect(task.delay('x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
  expect(named('send default')).toMatchObject([{ attributes: { 'error.type': 'PAYLOAD_TOO_LARGE' } }])
  const counted = await metric('messaging.client.sent.messages')
  expect(counted?.dataPoints[0]?.attributes['error.type']).toBe('PAYLOAD_TOO_LARGE')
})
