import { stripVTControlCharacters } from 'node:util'
import { type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { usageError } from './output/command-error.ts'
import { suggest } from './output/suggest.ts'
import { version } from './version.ts'

const commands = {
  worker: () => import('./commands/worker.ts').then((module) => module.worker),
  beat: () => import('./commands/beat.ts').then((module) => module.beat),
  schedules: () => import('./commands/schedules.ts').then((module) => module.schedules),
  dashboard: () => import('./commands/dashboard.ts').then((module) => module.dashboard),
  dev: () => import('./commands/dev.ts').then((module) => module.dev),
  call: () => import('./commands/call.ts').then((module) => module.call),
  result: () => import('./commands/result.ts').then((module) => module.result),
  status: () => import('./commands/status.ts').then((module) => module.status),
  inspect: () => import('./commands/inspect.ts').then((module) => module.inspect),
  control: () => import('./commands/control.ts').then((module) => module.control),
  events: () => import('./commands/events.ts').then((module) => module.events),
  purge: () => import('./commands/purge.ts').then((module) => module.purge),
  dead: () => import('./commands/dead.ts').then((module) => module.dead),
}

const program = defineCommand({
  meta: { name: 'tq', version, description: 'A typed task queue; the broker is a deployment choice' },
  subCommands: commands,
})

/** Runs one command line. Throws what went wrong. */
export async function runProgram(rawArguments: readonly string[]): Promise<void> {
  const [first, ...rest] = rawArguments
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${version}\n`)
    return
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return await help(program)
  await descend('tq', program, [first, ...rest])
}

/** Finds the command the words name, then shows its help or runs it. */
async function descend(path: string, parent: CommandDef, words: readonly string[]): Promise<void> {
  const [word = '', ...rest] = words
  const known = parent.subCommands as Readonly<Record<string, () => Promise<CommandDef>>>
  const found = Object.hasOwn(known, word) ? await known[word]?.() : undefined
  if (!found) {
    const names = Object.keys(known)
    if (word === '--help' || word === '-h') return await help(parent)
    if (word === '') throw usageError(`${path}: which one? ${names.join(', ')}.`)
    const what = word.startsWith('-')
      ? `'${word}' comes after the command`
      : `Unknown command '${path} ${word}'`
    throw usageError(`${what}.${suggest(word, names)} Commands: ${names.join(', ')}.`)
  }
  const flags = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (found.subCommands) return await descend(`${path} ${word}`, found, rest)
  if (flags.includes('--help') || flags.includes('-h')) return await help(found)
  await runCommand(found, { rawArgs: [...rest] })
}

async function help(of: CommandDef): Promise<void> {
  const text = await renderUsage(of, of === program ? undefined : program)
  const colors = process.stdout.isTTY === true && !process.env['NO_COLOR']
  process.stdout.write(`${colors ? text : stripVTControlCharacters(text)}\n`)
}
