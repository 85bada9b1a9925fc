import { readFileSync } from 'node:fs'
import { CommandError } from '../output/command-error.ts'

/** What may lie in a file. */
const secrets = [
  'TQ_BROKER_URL',
  'TQ_BACKEND_URL',
  'TQ_PAYLOAD_URL',
  'TQ_DASHBOARD_TOKEN',
  'TQ_DASHBOARD_USERS',
] as const
const variables = { broker: 'TQ_BROKER_URL', backend: 'TQ_BACKEND_URL', namespace: 'TQ_NAMESPACE' } as const

/**
 * An empty variable is one that is not set: that is how containers unset them. And secrets may lie in files, as
 * containers mount them: `TQ_BROKER_URL_FILE`.
 */
export function tidyEnvironment(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(environment)) {
    if (name.startsWith('TQ_') && environment[name] === '') delete environment[name]
  }
  for (const name of secrets) {
    const file = environment[`${name}_FILE`]
    if (!file || environment[name]) continue
    try {
      environment[name] = readFileSync(file, 'utf8').trim()
    } catch (cause) {
      throw new CommandError('FILE_NOT_FOUND', `${name}_FILE: '${file}' cannot be read.`, { cause })
    }
  }
}

/**
 * Hands the connection to the app by the environment: it is made in the task file, before anybody could pass it
 * options, and child processes need the same.
 */
export function applyConnection(values: Readonly<Record<string, unknown>>): void {
  for (const [name, variable] of Object.entries(variables)) {
    const value = values[name]
    if (typeof value === 'string') process.env[variable] = value
  }
}
