import type { Adapter } from '../contracts/adapter.ts'
import type { Backend } from '../contracts/backend.ts'
import type { Broker } from '../contracts/broker.ts'
import type { BeatModule } from '../runtime/app-brand.ts'
import type { AppSettings } from '../runtime/settings.ts'

/** What {@link createApp} takes. Nothing is required: the environment can say it all. */
export interface AppOptions<State> extends AppSettings {
  /** A URL, or a driver already made. @default TQ_BROKER_URL; else memory, which production refuses */
  readonly broker?: string | Broker
  /** Where results and state are kept; `false` for none. @default TQ_BACKEND_URL; else the broker's own */
  readonly backend?: string | Backend | false
  /** Drivers passed in, for bundlers that cannot follow an import by name. URLs still choose among them. */
  readonly adapters?: readonly Adapter[]
  /** What `@tq/beat` exports as `beat`, for bundlers that cannot follow an import by name. */
  readonly beat?: BeatModule
  /** Runs in a worker before its first task; what it returns is `ctx.state`. */
  readonly startup?: () => State | Promise<State>
  /** Runs when the last worker has ended, or the app is closed. */
  readonly shutdown?: (state: State) => unknown
}

/** The names of all options, for the check of unknown ones. */
export const appOptionNames: ReadonlySet<string> = new Set<string>([
  'broker',
  'backend',
  'adapters',
  'beat',
  'startup',
  'shutdown',
  'namespace',
  'queue',
  'routes',
  'defaults',
  'maxPayloadBytes',
  'payload',
  'maxQueueLength',
  'deadLetters',
  'publishTimeout',
  'codec',
  'accept',
  'history',
  'timeZone',
  'middleware',
  'telemetry',
  'logger',
  'clock',
] satisfies (keyof AppOptions<unknown>)[])
