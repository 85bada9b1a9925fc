import type { OutboundMessage, RoutedMessage } from '../../contracts/broker.ts'
import type { TaskErrorInfo } from '../../errors/task-errors.ts'
import { deadQueueOf } from '../../options/names.ts'

/** Any message, also one we cannot read, with the reason it is given up. Its bytes stay as they came. */
export function deadLetter(
  queue: string,
  message: Pick<OutboundMessage, 'id' | 'body' | 'headers'>,
  reason: string,
  error: TaskErrorInfo,
  now: number,
): RoutedMessage {
  return {
    queue: deadQueueOf(queue),
    message: {
      id: message.id,
      body: message.body,
      headers: {
        ...message.headers,
        'tq-dead-queue': queue,
        'tq-dead-reason': reason.slice(0, 200),
        'tq-dead-error': `${error.name}: ${error.message}`.slice(0, 500),
        'tq-dead-at': String(now),
      },
    },
  }
}
