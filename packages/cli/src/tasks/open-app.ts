import { type App, appBrand, createApp } from '@tq/core'
import { mainFile } from '../files.ts'
import { milliseconds } from '../flags/convert.ts'
import { CommandError } from '../output/command-error.ts'
import { loadTasks } from './load-tasks.ts'

/** Long enough for a service that is there, short enough for a person who waits. */
const defaultTimeout = '1500ms'
/** A service that starts beside others on a busy machine has time. */
export const serviceTimeout = '30s'

interface ConnectionValues {
  readonly 'connect-timeout': string | undefined
  readonly app?: readonly string[]
}

/** Connects, or says within the time limit that it cannot. */
export async function connect(
  app: Pick<App<unknown>, 'open'>,
  values: ConnectionValues,
  unlessGiven = defaultTimeout,
): Promise<void> {
  const text = values['connect-timeout'] ?? unlessGiven
  const limitMs = milliseconds(text, '--connect-timeout')
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new CommandError(
      'BROKER_UNREACHABLE',
      `The broker${shownUrl()} did not answer within ${text}. Check that it runs and that the URL is right; --connect-timeout gives it longer.`,
    )
    timer = setTimeout(() => reject(error), limitMs)
  })
  try {
    await Promise.race([app.open(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs with an app that is connected, made from the environment or found in the task files; closes it afterwards. */
export async function withApp<T>(
  values: ConnectionValues,
  use: (app: App<unknown>) => Promise<T>,
): Promise<T> {
  const found = await chooseApp(values)
  // Refused below. Unset, core would warn first that tasks stay in this process, where none is going to be.
  process.env['TQ_BROKER_URL'] ??= 'memory:'
  await connect(found, values)
  try {
    if (found[appBrand].runtime.connected?.broker.name.startsWith('memory')) throw outOfReach()
    return await use(found)
  } finally {
    await found.close()
  }
}

/** The app of the task files, where some are named; else one of the environment. Not connected yet. */
export async function chooseApp({ app = [] }: Pick<ConnectionValues, 'app'>): Promise<App<unknown>> {
  return app.length > 0 ? (await loadTasks('tq', app)).app : fromEnvironment()
}

function fromEnvironment(): App<unknown> {
  const url = process.env['TQ_BROKER_URL']
  if (url && !url.startsWith('memory:')) {
    const app = createApp<unknown>()
    app[appBrand].searchFrom(mainFile)
    return app
  }
  throw notConfigured(url)
}

const urls = 'TQ_BROKER_URL (redis://…, amqp://…, sqs://…, sqlite:file)'

function notConfigured(url: string | undefined): CommandError {
  return new CommandError(
    'BROKER_NOT_CONFIGURED',
    `${url ? 'The memory broker lives inside one process, where no command can reach it' : 'No broker is set'}. Set ${urls}, or --broker, or name the task file with -A, whose app knows its broker.`,
  )
}

/** The task file was named, and does not help. */
function outOfReach(): CommandError {
  return new CommandError(
    'BROKER_NOT_CONFIGURED',
    `The app of the task file has no broker but memory, which lives inside one process: no worker elsewhere can be reached. Set ${urls} or --broker, or createApp({ broker }) in the task file.`,
  )
}

function shownUrl(): string {
  const url = process.env['TQ_BROKER_URL']
  // Memory is never far away: then it is the broker of the task file that did not answer.
  return url && !url.startsWith('memory:') ? ` (${url})` : ''
}
