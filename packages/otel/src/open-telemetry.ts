import {
  type Attributes,
  context,
  type MeterProvider,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { RunMiddleware, Sending, Telemetry } from '@tq/core'
import * as names from './attributes.ts'
import { createInstruments, type Instruments } from './instruments.ts'

export interface OpenTelemetryOptions {
  /** `messaging.system` of spans and metrics. @default 'tq' */
  readonly system?: string
  /** @default the global one */
  readonly tracerProvider?: TracerProvider
  /** @default the global one */
  readonly meterProvider?: MeterProvider
}

const scope = '@tq/otel'

/**
 * Traces and metrics by the messaging conventions. The context of whoever sends travels with each task in
 * `traceparent`, so that its runs, also retries and later steps of a workflow, are part of the same trace. Each retry links
 * to the attempt before.
 *
 * @example const app = createApp({ telemetry: openTelemetry() })
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const { system = 'tq' } = options
  // Asked for at each use: applications set their providers after their modules are loaded.
  const tracer = () => (options.tracerProvider ?? trace).getTracer(scope)
  let instruments: Instruments | undefined
  const measured = (): Instruments => {
    instruments ??= createInstruments((options.meterProvider ?? metrics).getMeter(scope))
    return instruments
  }

  const sending: Telemetry['sending'] = ({ name, queue, count }): Sending => {
    const attributes = { [names.system]: system, [names.operationName]: 'send', [names.destination]: queue }
    const span = tracer().startSpan(`send ${queue}`, {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...attributes,
        [names.operationType]: 'send',
        [names.taskName]: name,
        ...(count > 1 ? { [names.batchCount]: count } : {}),
      },
    })
    const headers: Record<string, string> = {}
    propagation.inject(trace.setSpan(context.active(), span), headers)
    const start = performance.now()
    return {
      headers,
      ended: (error) => {
        const ending = { ...attributes, ...ended(span, error) }
        measured().operationDuration.record((performance.now() - start) / 1_000, ending)
        measured().sent.add(count, ending)
      },
    }
  }

  const run: RunMiddleware = async ({ task, context: taskContext, carry }, next) => {
    const { id, queue, attempt, headers, parentId, workflowId } = taskContext
    const sender = propagation.extract(ROOT_CONTEXT, headers)
    const creation = trace.getSpanContext(sender)
    const before = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, ofAttemptBefore(headers)))
    const links = [creation, before].flatMap((linked) => (linked ? [{ context: linked }] : []))
    const attributes: Attributes = {
      [names.system]: system,
      [names.operationName]: 'process',
      [names.destination]: queue,
    }
    const span = tracer().startSpan(
      `process ${queue}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          ...attributes,
          [names.operationType]: 'process',
          [names.messageId]: id,
          [names.taskName]: task,
          [names.taskAttempt]: attempt,
          ...(workflowId === undefined ? {} : { [names.conversationId]: workflowId }),
          ...(parentId === undefined ? {} : { [names.taskParent]: parentId }),
        },
        links,
      },
      sender,
    )
    const own: Record<string, string> = {}
    propagation.inject(trace.setSpan(ROOT_CONTEXT, span), own)
    // At once: a run that brings its process down is followed by another one, too.
    carry(forNextAttempt(own))
    const start = performance.now()
    let failure: unknown
    try {
      return await context.with(trace.setSpan(sender, span), next)
    } catch (error) {
      failure = error ?? new Error('nothing was thrown')
      throw error
    } finally {
      const ending = { ...attributes, [names.taskName]: task, ...ended(span, failure) }
      measured().processDuration.record((performance.now() - start) / 1_000, ending)
      measured().consumed.add(1, ending)
    }
  }

  return { sending, run }
}

/** In front of the names of a propagator, whichever it is. */
const ofAttempt = 'tq-attempt-before-'

function forNextAttempt(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [ofAttempt + name, value]))
}

function ofAttemptBefore(headers: Readonly<Record<string, string>>): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(ofAttempt))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(ofAttempt.length), value]))
}

/** Ends a span; what its end adds to the metrics. */
function ended(span: Span, error: unknown): Attributes {
  if (error === undefined) {
    span.end()
    return {}
  }
  const type = names.errorTypeOf(error)
  // The message may hold what must not be told: it stays with the task.
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.setAttribute(names.errorType, type)
  span.end()
  return { [names.errorType]: type }
}
