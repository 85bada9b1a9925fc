import type { WorkerAnswers } from '../../../../src/wire/overview.ts'
import { answersText, refusalOf } from '../../data/actions.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ask, type Question } from '../../parts/dialog.tsx'
import type { OfWorker } from './worker-card.tsx'

/** What can be done with a worker. All but stopping lasts until it ends. */
export function WorkerActions({ worker: { id, name, concurrency, queues, state } }: OfWorker) {
  const tell = async (
    action: string,
    question: Question,
    body: (typed: string) => object,
    done: (typed: string) => string,
  ) => {
    await ask({
      ...question,
      send: (typed) =>
        refusalOf<WorkerAnswers>(action, { worker: id, ...body(typed) }, answersText(done(typed))),
    })
  }
  const resize = () =>
    tell(
      'resize-worker',
      {
        title: `Slots of '${name}'`,
        text: 'How many tasks it runs at once, until it ends.',
        action: 'Set',
        field: { label: 'Slots', value: String(concurrency), required: true },
      },
      (slots) => ({ slots: Number(slots) }),
      (slots) => `${name} has ${slots} slots`,
    )
  const addQueue = () =>
    tell(
      'add-queue',
      {
        title: `One more queue for '${name}'`,
        text: 'It takes tasks from there too, until it ends. name:weight gives it a weight.',
        action: 'Add',
        field: { label: 'Queue', required: true },
      },
      (queue) => ({ queue }),
      (queue) => `${name} takes tasks from '${queue}'`,
    )
  const removeQueue = () =>
    tell(
      'remove-queue',
      {
        title: `One queue less for '${name}'`,
        text: 'It takes no more tasks from there, until it ends. What runs goes on.',
        action: 'Remove',
        field: { label: 'Queue', required: true, value: queues[0] ?? '' },
      },
      (queue) => ({ queue }),
      (queue) => `${name} leaves '${queue}' alone`,
    )
  const stop = () =>
    tell(
      'stop-worker',
      {
        title: `Stop worker '${name}'?`,
        text: 'As by SIGTERM: running tasks finish within the grace period, the rest is given back to the queue. Whatever started it may start it again.',
        action: 'Stop it',
        danger: true,
      },
      () => ({}),
      () => `${name} is stopping`,
    )
  return (
    <div class="buttons">
      <ActionButton run={resize} small label={`Change the slots of ${name}`}>
        Slots
      </ActionButton>
      <ActionButton run={addQueue} icon="plus" small label={`Add a queue to ${name}`}>
        Queue
      </ActionButton>
      <ActionButton run={removeQueue} icon="minus" small label={`Remove a queue from ${name}`}>
        Queue
      </ActionButton>
      <ActionButton
        run={stop}
        icon="stop"
        tone="danger"
        small
        disabled={state === 'stopping'}
        label={`Stop ${name}`}
      >
        Stop
      </ActionButton>
    </div>
  )
}
