import type { WorkerAnswer } from '@tq/core'
import { CommandError } from './command-error.ts'
import { print } from './print.ts'

/** Says what each worker answered; fails when none is there, or one of them refused or kept silent. */
export function printAnswers<Value>(
  json: boolean,
  answers: readonly WorkerAnswer<Value>[],
  show: (value: Value | undefined) => string,
): void {
  print(json, answers, () =>
    answers.length === 0
      ? 'No worker is alive.'
      : answers
          .map(({ worker, value, error }) => `${worker.name}: ${error === undefined ? show(value) : error}`)
          .join('\n'),
  )
  if (answers.length === 0 || answers.some(({ error }) => error !== undefined)) process.exitCode = 1
}

/** The same for commands whose answers are more than a line. @throws CommandError when no worker is there */
export function valuesOf<Value>(
  answers: readonly WorkerAnswer<readonly Value[]>[],
): readonly { readonly worker: string; readonly value: Value }[] {
  const silent = answers.filter(({ error }) => error !== undefined)
  if (silent.length > 0) {
    const said = silent.map(({ worker, error }) => `${worker.name}: ${error}`).join('; ')
    throw new CommandError('NO_ANSWER', `Not every worker answered: ${said}`)
  }
  return answers.flatMap(({ worker, value }) =>
    (value ?? []).map((one) => ({ worker: worker.name, value: one })),
  )
}
