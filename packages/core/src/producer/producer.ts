import { compose } from '../middleware/compose.ts'
import type { SendContext } from '../middleware/types.ts'
import { type Plan, pack, planSending } from '../runtime/outgoing.ts'
import { keepAsides, type Packed } from '../runtime/packing.ts'
import { type Connection, needBackend, type Runtime } from '../runtime/runtime.ts'
import { noteSent, sentBefore } from '../runtime/sent-before.ts'
import { giveTurnBack, replaceLast, takeTurn } from '../runtime/turns.ts'
import { dropUnique, keepUnique, takeUnique } from '../runtime/unique-lock.ts'
import { checkJson } from '../task/json.ts'
import { parseWith } from '../task/schema.ts'
import type { SendOptions, TaskDefinition } from '../task/task.ts'
import { QueueLimit } from './queue-limit.ts'

/** Sends tasks: checked here, in the caller's hands, before anything leaves the process. */
export class Producer {
  readonly #runtime: Runtime
  readonly #throughMiddleware:
    | ((task: TaskDefinition, input: unknown, options: SendOptions) => Promise<string>)
    | undefined
  #limit: QueueLimit | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    const layers = runtime.settings.sendMiddleware
    if (layers.length > 0) {
      this.#throughMiddleware = (task, input, options) =>
        compose<SendContext, string>(layers, (context) =>
          this.#sendOne(task, context.input, context.options),
        )({
          task: task.name,
          input,
          options,
        })
    }
  }

  /** Resolves with the task's id when the broker has accepted it; with `uniqueKey`, perhaps that of an earlier task. */
  send(task: TaskDefinition, input: unknown, options: SendOptions): Promise<string> {
    return this.#throughMiddleware
      ? this.#throughMiddleware(task, input, options)
      : this.#sendOne(task, input, options)
  }

  /** The ids, in order. All or none are checked before the first is sent. */
  async sendMany(
    task: TaskDefinition,
    inputs: readonly unknown[],
    options: SendOptions,
  ): Promise<readonly string[]> {
    if (this.#throughMiddleware || isOneByOne(options)) {
      return Promise.all(inputs.map((input) => this.send(task, input, options)))
    }
    for (const input of inputs) await this.#check(task, input)
    const plan = planSending(this.#runtime, task, options, inputs.length)
    return told(plan, () => this.#sendAll(plan, inputs))
  }

  async #sendAll(plan: Plan, inputs: readonly unknown[]): Promise<readonly string[]> {
    const connection = this.#runtime.connected ?? (await this.#runtime.connect())
    const packed = inputs.map((input) => pack(this.#runtime, connection, plan, input))
    await this.#publish(connection, plan, packed)
    return packed.map(({ message }) => message.id)
  }

  async #sendOne(task: TaskDefinition, input: unknown, options: SendOptions): Promise<string> {
    const checked = this.#check(task, input)
    if (checked !== undefined) await checked
    const plan = planSending(this.#runtime, task, options)
    return plan.sending ? told(plan, () => this.#deliver(plan, input)) : this.#deliver(plan, input)
  }

  async #deliver(plan: Plan, input: unknown): Promise<string> {
    const connection = this.#runtime.connected ?? (await this.#runtime.connect())
    const packed = pack(this.#runtime, connection, plan, input)
    if (plan.taskId === undefined || connection.oneStore) return this.#sendPlanned(connection, plan, packed)
    const { message } = packed
    // Under an id of the caller's own, and the broker cannot tell that it has had it.
    if (await sentBefore(connection, message.id)) return message.id
    const id = await this.#sendPlanned(connection, plan, packed)
    if (id === message.id && message.record) await noteSent(this.#runtime, connection, message.record)
    return id
  }

  async #sendPlanned(connection: Connection, plan: Plan, packed: Packed): Promise<string> {
    if (plan.uniqueKey !== undefined) return this.#sendUnique(connection, plan, plan.uniqueKey, packed)
    if (plan.throttle) return this.#sendThrottled(connection, plan, plan.throttle, packed)
    if (plan.debounceKey !== undefined) return this.#sendDebounced(connection, plan, plan.debounceKey, packed)
    await this.#publish(connection, plan, [packed])
    return packed.message.id
  }

  /** Validates what is sent; the original goes out, the worker parses it once. */
  #check(task: TaskDefinition, input: unknown): Promise<unknown> | undefined {
    const what = `input of task '${task.name}'`
    if (input !== undefined) checkJson(input, what)
    if (!task.input) return undefined
    const parsed = parseWith(task.input, input, what)
    return parsed instanceof Promise ? parsed : undefined
  }

  async #sendUnique(connection: Connection, plan: Plan, uniqueKey: string, packed: Packed): Promise<string> {
    const { message } = packed
    const backend = needBackend(connection, `uniqueKey (task '${plan.envelope.task}')`)
    const lock = await takeUnique(backend, uniqueKey, message.id)
    if ('holder' in lock) return lock.holder
    try {
      await this.#publish(connection, plan, [packed])
    } catch (error) {
      // Not when the answer is unknown: the task may be queued, and the lock ends by itself.
      if ((error as { code?: string }).code !== 'PUBLISH_UNKNOWN')
        await dropUnique(backend, uniqueKey, message.id)
      throw error
    }
    // The task is queued, whatever becomes of this: without it the key is free again in a minute.
    await keepUnique(backend, uniqueKey, lock, message.id, plan.pendingTtlMs).catch((error: unknown) =>
      this.#runtime.logger.warn('a unique key could not be kept', { id: message.id, error: String(error) }),
    )
    return message.id
  }

  async #sendThrottled(
    connection: Connection,
    plan: Plan,
    { key, everyMs }: NonNullable<Plan['throttle']>,
    packed: Packed,
  ): Promise<string> {
    const { message } = packed
    const { state } = needBackend(connection, `throttle (task '${plan.envelope.task}')`)
    const held = await takeTurn(state, key, message.id, everyMs)
    if (held !== undefined) return held
    try {
      await this.#publish(connection, plan, [packed])
    } catch (error) {
      if ((error as { code?: string }).code !== 'PUBLISH_UNKNOWN') await giveTurnBack(state, key, message.id)
      throw error
    }
    return message.id
  }

  async #sendDebounced(connection: Connection, plan: Plan, key: string, packed: Packed): Promise<string> {
    const { message } = packed
    const backend = needBackend(connection, `debounce (task '${plan.envelope.task}')`)
    // Sent before the one before is taken back: at no moment is there none.
    await this.#publish(connection, plan, [packed])
    await replaceLast(backend, key, message.id, plan.pendingTtlMs, this.#runtime.clock.now())
    return message.id
  }

  async #publish(connection: Connection, plan: Plan, packed: readonly Packed[]): Promise<void> {
    const { settings, clock, events } = this.#runtime
    const messages = packed.map(({ message }) => message)
    if (settings.maxQueueLength !== Number.POSITIVE_INFINITY) {
      this.#limit ??= new QueueLimit(connection.broker, clock, settings.maxQueueLength)
      await this.#limit.admit(plan.queue, messages.length)
    }
    await keepAsides(connection, packed)
    await connection.publisher.publish(plan.queue, messages)
    for (const { id } of messages) {
      events.emit('sent', () => ({ id, name: plan.envelope.task, queue: plan.queue, attempt: 0 }))
    }
  }
}

/** Each of them has to be asked for by itself. */
function isOneByOne({ uniqueKey, taskId, throttle, debounce }: SendOptions): boolean {
  return uniqueKey !== undefined || taskId !== undefined || throttle !== undefined || debounce !== undefined
}

/** Sends, and tells whoever traces it how that ended. */
async function told<T>({ sending }: Plan, send: () => Promise<T>): Promise<T> {
  try {
    const sent = await send()
    sending?.ended()
    return sent
  } catch (error) {
    sending?.ended(error)
    throw error
  }
}
