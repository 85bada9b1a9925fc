import type { Counter, Histogram, Meter } from '@opentelemetry/api'
import { durationBounds } from './attributes.ts'

/** The metrics of the messaging conventions. */
export interface Instruments {
  readonly operationDuration: Histogram
  readonly processDuration: Histogram
  readonly sent: Counter
  readonly consumed: Counter
}

export function createInstruments(meter: Meter): Instruments {
  const advice = { explicitBucketBoundaries: durationBounds }
  return {
    operationDuration: meter.createHistogram('messaging.client.operation.duration', {
      unit: 's',
      description: 'How long sending took.',
      advice,
    }),
    processDuration: meter.createHistogram('messaging.process.duration', {
      unit: 's',
      description: 'How long runs took.',
      advice,
    }),
    sent: meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Tasks that were to be sent.',
    }),
    consumed: meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Runs of tasks.',
    }),
  }
}
