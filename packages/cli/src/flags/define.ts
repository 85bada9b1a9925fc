import { type ArgsDef, type CommandDef, defineCommand } from 'citty'
import { loadConfig } from '../config/load-config.ts'
import { applyConnection } from '../tasks/connection.ts'
import type { Flags, Values } from './flag.ts'
import { readValues } from './read-values.ts'

/**
 * A command: its flags, read strictly and from all sources, and what it does with them. citty finds the command and
 * writes the help; its own reading of flags lets unknown ones pass, keeps only the last of several and knows no
 * environment, so ours is used instead.
 */
export function command<const F extends Flags>(definition: {
  readonly name: string
  readonly description: string
  readonly flags: F
  /** Before the environment is read. */
  prepare?(): void
  run(values: Values<F>, rawArguments: readonly string[]): Promise<void>
}): CommandDef {
  const { name, description, flags } = definition
  return defineCommand<ArgsDef>({
    meta: { name, description },
    args: toArguments(flags),
    run: async ({ rawArgs }) => {
      definition.prepare?.()
      const sources = { environment: process.env, config: await loadConfig() }
      const values = readValues(`tq ${name}`, flags, rawArgs, sources)
      applyConnection(values)
      await definition.run(values, rawArgs)
    },
  })
}

/** The flags as citty describes them in its help. */
function toArguments(flags: Flags): ArgsDef {
  const shown = Object.entries(flags).filter(([, { internal }]) => !internal)
  return Object.fromEntries(
    shown.map(([name, { type, description, alias, valueHint, env, required }]) => {
      const said = env ? `${description} [${env}]` : description
      // Never `required` for citty: it would refuse before the environment was asked.
      if (type === 'positional') return [name, { type, description: said, required: false }]
      const hint = valueHint === undefined ? {} : { valueHint }
      const text = required ? `${said} (required)` : said
      return [name, { type, description: text, ...(alias ? { alias } : {}), ...hint }]
    }),
  )
}
