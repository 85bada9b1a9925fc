/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the SQS broker was closed')
  }
}

/** Something is larger or longer than SQS takes. Nothing was changed. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}

/** A queue of ours has no queue on SQS. */
export class MissingQueueError extends Error {
  override readonly name = 'MissingQueueError'

  constructor(queue: string, name: string) {
    super(
      `queue '${queue}' needs the SQS queue '${name}', which is not there. Create it, or set createQueues`,
    )
  }
}

/** The queue on SQS has settings that our promises cannot stand on. */
export class QueueSettingsError extends Error {
  override readonly name = 'QueueSettingsError'
}
