import { reportError } from './output/report-error.ts'
import { runProgram } from './program.ts'
import { quietWarnings } from './quiet-warnings.ts'
import { tidyEnvironment } from './tasks/connection.ts'

/** One command line, from its words to the exit code. */
export async function runMain(rawArguments: readonly string[]): Promise<void> {
  quietWarnings()
  // Whoever read our output has gone (`tq status | head -1`): not an error, and no reason to stop a worker.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  try {
    tidyEnvironment(process.env)
    await runProgram(rawArguments)
  } catch (error) {
    const json = rawArguments.includes('--json') || /^(1|true|yes|on)$/i.test(process.env['TQ_JSON'] ?? '')
    process.exitCode = reportError(error, json)
  }
  // What the task files opened must not keep the process; what was written must be out first.
  process.stdout.write('', () => process.exit())
}
