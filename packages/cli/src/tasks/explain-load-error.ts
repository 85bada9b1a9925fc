import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../output/command-error.ts'

/** One line that says which file could not be imported, why, and where. */
export function explainLoadError(name: string, thrown: unknown): CommandError {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Partial<Error> & {
    readonly code?: string
  }
  // Errors of tq (two tasks of one name, a wrong option) say it all by themselves.
  const kind = error.name && error.name !== 'Error' && error.name !== 'TqError' ? `${error.name}: ` : ''
  const [message = ''] = String(error.message ?? thrown).split('\n')
  const where = placeOf(error.stack ?? '', message)
  return new CommandError('LOAD_FAILED', `Cannot load ${name}: ${kind}${shorten(message).trim()}${where}`, {
    cause: thrown,
  })
}

/** ` (tasks.ts:3)`: the first line of the stack that is not Node's or a dependency's. */
function placeOf(stack: string, message: string): string {
  const line = stack
    .split('\n')
    .find(
      (text) =>
        /(file:\/\/|\/).+:\d+/.test(text) && !/node:|node_modules|\/packages\/\w+\/(src|dist)\//.test(text),
    )
  const [, path, row] = /((?:file:\/\/)?\/[^\s()]+?):(\d+)(?::\d+)?\)?$/.exec(line ?? '') ?? []
  if (!path || !row) return ''
  const file = relative(process.cwd(), path.startsWith('file:') ? fileURLToPath(path) : path)
  return message.includes(file) ? '' : ` (${file}:${row})`
}

/** Paths below the working directory, as the user calls them. */
function shorten(message: string): string {
  return message.replaceAll(`file://${process.cwd()}/`, '').replaceAll(`${process.cwd()}/`, '')
}
