import { signal } from '@preact/signals'
import type { WorkerAnswers } from '../../../src/wire/overview.ts'
import { post, toProblem } from './api.ts'

export interface Toast {
  readonly id: number
  readonly tone: 'ok' | 'bad'
  readonly text: string
}

export const toasts = signal<readonly Toast[]>([])
const shownMs = 6_000
let last = 0

function toast(tone: Toast['tone'], text: string): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-3), { id, tone, text }]
  setTimeout(() => dismiss(id), tone === 'bad' ? shownMs * 2 : shownMs)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id)
}

/** Does it and says how it went; undefined when it did not. */
export async function act<T>(
  action: string,
  body: unknown,
  done: string | ((answer: T) => string),
): Promise<T | undefined> {
  try {
    const answer = await post<T>(action, body)
    toast('ok', typeof done === 'string' ? done : done(answer))
    return answer
  } catch (error) {
    const { message, fix } = toProblem(error)
    toast('bad', fix ? `${message} ${fix}` : message)
    return undefined
  }
}

/** What workers said, in one sentence. */
export function answersText(done: string): (answer: WorkerAnswers) => string {
  return ({ answers }) => {
    const refused = answers.filter(({ error }) => error !== undefined)
    if (refused.length === 0) return done
    return refused.map(({ worker, error }) => `${worker}: ${error}`).join('; ')
  }
}
