// Names of the messaging conventions of OpenTelemetry (semantic conventions 1.45, in development), and a few of ours.
// They are written out: the package of constants keeps those that are in development out of its stable part.

export const system = 'messaging.system'
export const operationName = 'messaging.operation.name'
export const operationType = 'messaging.operation.type'
export const destination = 'messaging.destination.name'
export const messageId = 'messaging.message.id'
export const conversationId = 'messaging.message.conversation_id'
export const batchCount = 'messaging.batch.message_count'
export const errorType = 'error.type'

export const taskName = 'tq.task.name'
export const taskAttempt = 'tq.task.attempt'
export const taskParent = 'tq.task.parent_id'

/** Bounds of durations in seconds, as the conventions advise. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** What an error is called: its code where it has one, else its class. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : error.name
}
