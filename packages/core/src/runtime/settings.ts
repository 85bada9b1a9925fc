import type { Priority } from '../contracts/broker.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import type { Telemetry } from '../middleware/telemetry.ts'
import type { RunMiddleware, SendMiddleware } from '../middleware/types.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'
import { checkNamespace, checkQueueName } from '../options/names.ts'
import { type Codec, Codecs, jsonCodec } from '../task/codec.ts'
import type { TaskSettings } from '../task/task-options.ts'
import { checkPriority, taskSettingNames } from '../task/task-policy.ts'
import { consoleLogger } from '../util/console-logger.ts'
import { systemClock } from '../util/system-clock.ts'
import { type HistoryOptions, type ResolvedHistory, resolveHistory } from './history-settings.ts'
import { type PayloadOptions, type ResolvedPayload, resolvePayload } from './payload-settings.ts'

/** Where tasks of a name go when nobody says otherwise. */
export interface Route {
  readonly queue?: string
  readonly priority?: Priority
}

/** What an app is made with, besides its connections and hooks. Every default is in {@link resolveSettings}. */
export interface AppSettings {
  /** Sets this application apart from others on the same service. @default 'tq', or TQ_NAMESPACE */
  readonly namespace?: string
  /** Where tasks go that name no queue. @default 'default' */
  readonly queue?: string
  /**
   * Queues and priorities by task name, `*` for any text; the first that fits counts. Weaker than what a task or a
   * call says. @example { 'mail.*': 'mail', 'report.daily': { queue: 'reports', priority: 2 } }
   */
  readonly routes?: Readonly<Record<string, string | Route>>
  /** Settings for all tasks; each task may override them. */
  readonly defaults?: TaskSettings
  /** The largest message, in bytes, encoded. Pass ids rather than data. @default 1 MiB, or the broker's own limit if lower */
  readonly maxPayloadBytes?: number
  /** Keeps large inputs and results outside messages and records; a reference travels. @default all travels */
  readonly payload?: PayloadOptions
  /** Sending is refused with `QUEUE_FULL` while a queue has this many tasks ready. @default no limit */
  readonly maxQueueLength?: number
  /** Writes messages: Celery's task_serializer. @default JSON */
  readonly codec?: Codec
  /** Also reads messages of these codecs: Celery's accept_content. What it does not accept goes to the dead letters. @default JSON */
  readonly accept?: readonly Codec[]
  /** Dead letters beyond this many per queue, the oldest, or older than this, are deleted. @default 10,000 and '90d' */
  readonly deadLetters?: { readonly keep?: number; readonly expires?: Duration }
  /** What is sent is refused, or reported as unknown, when nothing of it is taken for so long. @default '10s' */
  readonly publishTimeout?: Duration
  /** What is kept of tasks for `app.history` and the dashboard; false for nothing beyond results. @default on */
  readonly history?: HistoryOptions | false
  /** For dates in logs and as the default zone of schedules: an IANA name. @default the system's */
  readonly timeZone?: string
  /** Traces and metrics. @example openTelemetry() of @tq/otel */
  readonly telemetry?: Telemetry
  readonly middleware?: { readonly send?: readonly SendMiddleware[]; readonly run?: readonly RunMiddleware[] }
  /** @default warnings and errors to the console */
  readonly logger?: Logger
  /** For tests. @default real time */
  readonly clock?: Clock
}

/** The same with every default filled in. Frozen. */
export interface ResolvedSettings {
  readonly namespace: string
  readonly queue: string
  readonly routes: readonly { readonly pattern: RegExp; readonly route: Route }[]
  readonly defaults: TaskSettings
  readonly maxPayloadBytes: number
  readonly payload: ResolvedPayload | undefined
  /** Where `offload: 's3'` leads, and what others kept there is read from. */
  readonly payloadUrl: string | undefined
  readonly maxQueueLength: number
  readonly deadLettersKept: number
  readonly deadLetterExpiresMs: Millis
  readonly publishTimeoutMs: Millis
  readonly history: ResolvedHistory
  readonly timeZone: string
  readonly telemetry: Telemetry | undefined
  readonly sendMiddleware: readonly SendMiddleware[]
  readonly runMiddleware: readonly RunMiddleware[]
  readonly logger: Logger
  readonly clock: Clock
  readonly codec: Codecs
}

/** @throws TqError `INVALID_OPTION`, `INVALID_NAME`, `INVALID_DURATION` */
export function resolveSettings(settings: AppSettings, environment: NodeJS.ProcessEnv): ResolvedSettings {
  checkKnown(settings.defaults ?? {}, taskSettingNames, 'createApp({ defaults })')
  checkKnown(settings.deadLetters ?? {}, new Set(['keep', 'expires']), 'createApp({ deadLetters })')
  checkKnown(settings.middleware ?? {}, new Set(['send', 'run']), 'createApp({ middleware })')
  return Object.freeze({
    namespace: checkNamespace(settings.namespace ?? environment['TQ_NAMESPACE'] ?? 'tq'),
    queue: checkQueueName(settings.queue ?? 'default'),
    routes: Object.entries(settings.routes ?? {}).map(([name, route]) => toRoute(name, route)),
    defaults: settings.defaults ?? {},
    maxPayloadBytes: checkPositive(settings.maxPayloadBytes ?? 1_048_576, 'maxPayloadBytes'),
    payload: resolvePayload(settings.payload),
    payloadUrl: environment['TQ_PAYLOAD_URL'] || undefined,
    maxQueueLength: checkPositive(settings.maxQueueLength ?? Number.POSITIVE_INFINITY, 'maxQueueLength'),
    deadLettersKept: checkPositive(settings.deadLetters?.keep ?? 10_000, 'deadLetters.keep'),
    deadLetterExpiresMs: parseDuration(settings.deadLetters?.expires ?? '90d', 'deadLetters.expires'),
    publishTimeoutMs: parseDuration(settings.publishTimeout ?? '10s', 'publishTimeout'),
    history: resolveHistory(settings.history),
    timeZone: checkTimeZone(settings.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
    sendMiddleware: settings.middleware?.send ?? [],
    runMiddleware: [
      ...(settings.telemetry ? [settings.telemetry.run] : []),
      ...(settings.middleware?.run ?? []),
    ],
    telemetry: settings.telemetry,
    logger: settings.logger ?? consoleLogger(),
    clock: settings.clock ?? systemClock,
    codec: new Codecs(settings.codec ?? jsonCodec, settings.accept ?? [jsonCodec]),
  })
}

/** The route of a task name; empty when none fits. */
export function routeOf(settings: ResolvedSettings, taskName: string): Route {
  return settings.routes.find(({ pattern }) => pattern.test(taskName))?.route ?? {}
}

function toRoute(name: string, given: string | Route): { pattern: RegExp; route: Route } {
  const route = typeof given === 'string' ? { queue: given } : given
  if (route.queue !== undefined) checkQueueName(route.queue)
  if (route.priority !== undefined) checkPriority(route.priority, `route '${name}'`)
  const text = name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return { pattern: new RegExp(`^${text}$`, 'su'), route }
}

function checkPositive(value: number, name: string): number {
  if (typeof value === 'number' && value >= 1) return value
  throw new TqError('INVALID_OPTION', `${name} ${String(value)} is not a number of at least 1.`)
}

function checkTimeZone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    throw new TqError(
      'INVALID_OPTION',
      `timeZone '${name}' is not a time zone. Use an IANA name such as 'Asia/Shanghai'.`,
    )
  }
}
