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
    const said = flag.type === 'positional' ? waiting.shift() : values[name]
    const variable = flag.env ?? ''
    const set = sources.environment[variable]
    const key = camelCase(name)
    const given = said ?? set ?? (flag.eachTime ? undefined : config[key])
    if (given === undefined && flag.required) throw missing(command, name, flag)
    const source =
      said !== undefined ? shown(name, flag) : set !== undefined ? variable : `tq.config.ts: ${key}`
    return [name, convert(name, flag, given, source)]
  }
  return Object.fromEntries(Object.entries<Flag>(flags).map(read)) as Values<F>
}

function convert(
  name: string,
  flag: Flag,
  given: unknown,
  source: string,
): string | boolean | readonly string[] | undefined {
  if (flag.type === 'boolean') return toBoolean(flag.env ?? name, given)
  const texts = flag.multiple ? toList(given) : given === undefined ? [] : [String(given)]
  for (const text of texts) flag.check?.(text, source)
  return flag.multiple ? texts : texts[0]
}

function shown(name: string, { type }: Flag): string {
  return type === 'positional' ? name.toUpperCase() : `--${name}`
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
