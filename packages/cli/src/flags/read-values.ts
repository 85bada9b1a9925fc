import type { Config } from '../config/config.ts'
import { usageError } from '../output/command-error.ts'
import type { Flag, Flags, Values } from './flag.ts'
import { parseFlags } from './parse-flags.ts'

/** The order in which a value is looked for: flag, environment, configuration file. Defaults are core's. */
export function readValues<const F extends Flags>(
  command: string,
  flags: F,
  rawArguments: readonly string[],
  sources: { readonly environment: NodeJS.ProcessEnv; readonly config: Config },
): Values<F> {
  const { values, positionals } = parseFlags(command, flags, rawArguments)
  const config = sources.config as Readonly<Record<string, unknown>>
  const waiting = [...positionals]
  const read = ([name, flag]: [string, Flag]) => {
    const given =
      (flag.type === 'positional' ? waiting.shift() : values[name]) ??
      (flag.env === undefined ? undefined : sources.environment[flag.env]) ??
      (flag.eachTime ? undefined : config[camelCase(name)])
    if (given === undefined && flag.required) throw missing(command, name, flag)
    return [name, convert(name, flag, given)]
  }
  return Object.fromEntries(Object.entries<Flag>(flags).map(read)) as Values<F>
}

function convert(name: string, flag: Flag, given: unknown): string | boolean | readonly string[] | undefined {
  if (flag.type === 'boolean') return toBoolean(flag.env ?? name, given)
  if (flag.multiple) return toList(given)
  return given === undefined ? undefined : String(given)
}

function toBoolean(name: string, given: unknown): boolean {
  if (typeof given === 'boolean') return given
  const text = String(given ?? '').toLowerCase()
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  if (['', '0', 'false', 'no', 'off'].includes(text)) return false
  throw usageError(`${name}='${text}' is neither true nor false.`)
}

function toList(given: unknown): readonly string[] {
  const texts = given === undefined ? [] : Array.isArray(given) ? given.map(String) : [String(given)]
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')
}

function missing(command: string, name: string, { type, alias, env }: Flag) {
  const what = type === 'positional' ? name.toUpperCase() : alias ? `-${alias} (--${name})` : `--${name}`
  return usageError(`${command}: ${what} is missing${env ? `; it can also be set by ${env}` : ''}.`)
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
