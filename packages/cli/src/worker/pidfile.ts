import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { CommandError } from '../output/command-error.ts'

/**
 * Writes our process id; removes the file when the process ends.
 *
 * @throws CommandError when another live process holds it, or the file is something else.
 */
export function holdPidfile(file: string): void {
  refuseLive(file)
  rmSync(file, { force: true })
  try {
    // Of two that found it free at once, one fails here.
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
  } catch (cause) {
    refuseLive(file)
    throw new CommandError(
      'PIDFILE',
      `The pidfile '${file}' cannot be written: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
  process.on('exit', () => {
    if (readPid(file) === process.pid) rmSync(file, { force: true })
  })
}

function refuseLive(file: string): void {
  const pid = readPid(file)
  if (pid === undefined) return
  if (Number.isNaN(pid)) {
    throw new CommandError('PIDFILE', `'${file}' is not a pidfile: it holds no process id. Name another one.`)
  }
  // Our own number, left by an earlier life: in a container every worker has the same.
  if (pid === process.pid || !isAlive(pid)) return
  throw new CommandError(
    'PIDFILE',
    `Process ${pid} lives and holds the pidfile '${file}'. Stop it first, or name another file.`,
  )
}

function readPid(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^\d+$/.test(text) ? Number(text) : Number.NaN
  } catch {
    return undefined
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It lives, and belongs to somebody else.
    return (error as { code?: string }).code === 'EPERM'
  }
}
