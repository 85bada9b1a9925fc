import { type ParseArgsConfig, parseArgs } from 'node:util'
import { usageError } from '../output/command-error.ts'
import { suggest } from '../output/suggest.ts'
import type { Flags } from './flag.ts'

/** What the command line said: only what it said. */
export interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly positionals: readonly string[]
}

/** @throws CommandError that names the flag or argument nobody knows, and the one that was meant. */
export function parseFlags(command: string, flags: Flags, rawArguments: readonly string[]): Parsed {
  const named = Object.entries(flags).filter(([, { type }]) => type !== 'positional')
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, { type, alias, multiple }] of named) {
    options[name] = {
      type: type === 'boolean' ? 'boolean' : 'string',
      ...(alias ? { short: alias } : {}),
      ...(multiple ? { multiple } : {}),
    }
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...rawArguments],
      options,
      allowPositionals: true,
      allowNegative: true,
    })
    refuseExtra(command, flags, positionals)
    return { values: values as Parsed['values'], positionals }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw unknownFlag(command, message, named)
    if (code?.startsWith('ERR_PARSE_ARGS')) {
      const [sentence = message] = message.split(/\.?\n/)
      throw usageError(`${command}: ${sentence}.`)
    }
    throw error
  }
}

function unknownFlag(command: string, message: string, named: readonly (readonly [string, unknown])[]) {
  const flag = /'(-[^' ]*)/.exec(message)?.[1] ?? ''
  const known = named.map(([name]) => `--${name}`)
  return usageError(`Unknown flag '${flag}'.${suggest(flag, known)} See ${command} --help.`)
}

function refuseExtra(command: string, flags: Flags, positionals: readonly string[]): void {
  const expected = Object.values(flags).filter(({ type }) => type === 'positional').length
  const extra = positionals[expected]
  if (extra === undefined) return
  const hint =
    'app' in flags
      ? ' Several task files: repeat -A, use commas, or quote the glob.'
      : ` See ${command} --help.`
  throw usageError(`${command}: '${extra}' is one argument too many.${hint}`)
}
