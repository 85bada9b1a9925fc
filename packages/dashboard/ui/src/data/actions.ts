import type { WorkerAnswers } from '../../../src/wire/overview.ts'
import { post, toProblem } from './api.ts'
import { toast } from './toasts.ts'

/** What to say of what was done, or what those who were asked had against it. */
type Said = string | { readonly refused: string }

/** Does it, and says so where it was done. Resolves with what is against it, to be said where it was asked for. */
async function attempt<T>(
  action: string,
  body: unknown,
  done: string | ((answer: T) => Said),
): Promise<{ readonly answer: T } | { readonly refused: string }> {
  try {
    const answer = await post<T>(action, body)
    const said = typeof done === 'string' ? done : done(answer)
    if (typeof said !== 'string') return said
    toast('ok', said)
    return { answer }
  } catch (error) {
    const { message, fix } = toProblem(error)
    return { refused: fix ? `${message} ${fix}` : message }
  }
}

/** Does it and says how it went; undefined when it did not. */
export async function act<T>(
  action: string,
  body: unknown,
  done: string | ((answer: T) => Said),
): Promise<T | undefined> {
  const tried = await attempt(action, body, done)
  if ('answer' in tried) return tried.answer
  toast('bad', tried.refused)
  return undefined
}

/** For a question that does it itself: what is against it. */
export async function refusalOf<T>(
  action: string,
  body: unknown,
  done: string | ((answer: T) => Said),
): Promise<string | undefined> {
  const tried = await attempt(action, body, done)
  return 'refused' in tried ? tried.refused : undefined
}

/** What workers said, in one sentence. */
export function answersText(done: string): (answer: WorkerAnswers) => Said {
  return ({ answers }) => {
    const refused = answers.filter(({ error }) => error !== undefined)
    return refused.length === 0 ? done : { refused: refusals(refused) }
  }
}

export function refusals(answers: WorkerAnswers['answers']): string {
  return answers.map(({ worker, error }) => `${worker}: ${error}`).join('; ')
}
