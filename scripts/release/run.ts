import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a program to its end and gives what it printed.
 *
 * @throws Error with everything it said, when it fails or takes longer than five minutes.
 */
export async function run(
  [program = '', ...words]: readonly string[],
  { cwd, env }: Surroundings,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, words, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      timeout: 300_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${[program, ...words].join(' ')}\n${stdout}${stderr || message}`, { cause: error })
  }
}
