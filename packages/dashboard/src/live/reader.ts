import { hideCredentials } from '../http/hide-credentials.ts'
import { TooSlow, toProblem } from '../http/problem.ts'
import { explainOutage } from '../http/unreachable.ts'
import { findRead } from '../reads/catalog.ts'
import type { ReadContext } from '../reads/read.ts'
import type { Problem } from '../wire/common.ts'

/** Longer than this nobody waits for an answer. */
const longestMs = 8_000

/** What came of a read: JSON text that is ready to be sent, or what went wrong. */
export type Reading =
  | { readonly json: string; readonly status: 200 }
  | { readonly problem: Problem; readonly status: number }

/** Reads, each once for all who ask at the same time. What leaves here holds no credentials. */
export class Reader {
  readonly #context: ReadContext
  readonly #underWay = new Map<string, Promise<Reading>>()

  constructor(context: ReadContext) {
    this.#context = context
  }

  /** @param path `tasks?state=FAILURE`. Never throws. */
  read(path: string): Promise<Reading> {
    const known = this.#underWay.get(path)
    if (known !== undefined) return known
    const reading = this.#read(path).finally(() => this.#underWay.delete(path))
    this.#underWay.set(path, reading)
    return reading
  }

  async #read(path: string): Promise<Reading> {
    try {
      const { read, query } = findRead(path)
      const value = await within(read.load(this.#context, query), longestMs, path.split('?')[0] ?? path)
      return { json: hideCredentials(JSON.stringify(value ?? null)), status: 200 }
    } catch (error) {
      const { status, problem } = toProblem(await explainOutage(this.#context.app, error))
      return { problem: cleared(problem), status }
    }
  }
}

/** @throws TooSlow */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooSlow(what, ms)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Without credentials: drivers quote their URL. */
export function cleared(problem: Problem): Problem {
  return JSON.parse(hideCredentials(JSON.stringify(problem))) as Problem
}
