/**
 * What `tq.config.ts` in the working directory may say: the flags of the commands under the same names. A flag or an
 * environment variable is stronger.
 */
export interface Config {
  /** Task files: paths or globs, as `-A`. */
  readonly app?: string | readonly string[]
  /** URL of the broker. Weaker than `createApp({ broker })` in the task file, as the environment is. */
  readonly broker?: string
  /** URL of the backend for results and state. */
  readonly backend?: string
  /** Sets this application apart from others on the same service. */
  readonly namespace?: string
  /** How long a command waits for the broker: `'1500ms'`. */
  readonly connectTimeout?: string
  /** Names, or `name:weight`, as `-Q`. */
  readonly queues?: string | readonly string[]
  readonly concurrency?: number
  readonly strictOrder?: boolean
  readonly grace?: string
  /** Workers also send what is scheduled. */
  readonly beat?: boolean
  readonly lease?: string
  /** `/metrics`, `/livez` and `/readyz` of workers. */
  readonly metricsPort?: number
  readonly metricsHost?: string
  readonly name?: string
  readonly processes?: number
  readonly maxTasksPerProcess?: number
  /** `'512mb'`, or bytes. */
  readonly maxMemory?: string | number
  readonly pidfile?: string
  readonly logfile?: string
  readonly loglevel?: 'debug' | 'info' | 'warning' | 'error'
  readonly logFormat?: 'pretty' | 'json'
  /** Line of the worker's own log: `{time} {level} {process} {message} {fields}`. */
  readonly workerLogFormat?: string
  /** Line of a task's log: the same, and `{task} {id}`. */
  readonly taskLogFormat?: string
}

/** All keys, for the check of unknown ones. */
export const configKeys: ReadonlySet<string> = new Set<string>([
  'app',
  'broker',
  'backend',
  'namespace',
  'connectTimeout',
  'queues',
  'concurrency',
  'strictOrder',
  'grace',
  'beat',
  'lease',
  'metricsPort',
  'metricsHost',
  'name',
  'processes',
  'maxTasksPerProcess',
  'maxMemory',
  'pidfile',
  'logfile',
  'loglevel',
  'logFormat',
  'workerLogFormat',
  'taskLogFormat',
] satisfies (keyof Config)[])

/**
 * Types the configuration.
 *
 * @example export default defineConfig({ app: 'src/tasks/*.ts', queues: ['default', 'mail:3'] })
 */
export function defineConfig(config: Config): Config {
  return config
}
