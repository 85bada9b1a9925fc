import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { load } from '../load-module.ts'
import { CommandError } from '../output/command-error.ts'
import { explainLoadError } from '../tasks/explain-load-error.ts'
import { type Config, configKeys } from './config.ts'

const names = ['tq.config.ts', 'tq.config.mts', 'tq.config.js', 'tq.config.mjs']

/** The configuration of the working directory; empty when it has none. */
export async function loadConfig(): Promise<Config> {
  const name = names.find((candidate) => existsSync(candidate))
  if (!name) return {}
  const module = await load(pathToFileURL(resolve(name)).href).catch((error: unknown) => {
    throw explainLoadError(name, error)
  })
  const config = module['default'] ?? module['config']
  if (typeof config !== 'object' || config === null) {
    throw new CommandError('INVALID_CONFIG', `${name} must export default defineConfig({ … }).`)
  }
  const unknown = Object.keys(config).filter((key) => !configKeys.has(key))
  if (unknown.length === 0) return config
  throw new CommandError(
    'INVALID_CONFIG',
    `${name}: unknown ${unknown.map((key) => `'${key}'`).join(', ')}. Known: ${[...configKeys].sort().join(', ')}.`,
  )
}
