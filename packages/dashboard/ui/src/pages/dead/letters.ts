import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Problem } from '../../../../src/wire/common.ts'
import type { DeadLetterRow } from '../../../../src/wire/records.ts'
import { get, toProblem } from '../../data/api.ts'
import type { Selection } from '../../data/selection.ts'
import { pageWith } from '../../lib/root.ts'

/** No more are listed at once. */
export const perLook = 200

interface Letters {
  /** Undefined before they were looked at. */
  readonly letters: readonly DeadLetterRow[] | undefined
  readonly problem: Problem | undefined
  /** Looks again. */
  load(): Promise<void>
  forget(): void
}

/**
 * The dead letters of a queue. Listing leases them for a moment: they are read when somebody looks, or their number changes.
 *
 * @param counted how many the broker says there are; null where it does not
 */
export function useLetters(queue: string | undefined, counted: number | null, selection: Selection): Letters {
  const letters = useSignal<readonly DeadLetterRow[] | undefined>(undefined)
  const problem = useSignal<Problem | undefined>(undefined)
  const load = async () => {
    if (queue === undefined) return
    try {
      const found = await get<readonly DeadLetterRow[]>(pageWith('dead', { queue, limit: String(perLook) }))
      letters.value = found
      selection.keep(found.map(({ id }) => id))
      problem.value = undefined
    } catch (error) {
      problem.value = toProblem(error)
    }
  }
  // While they are listed they count twice, for a moment: only another number than the one that was found is news.
  const isNews = letters.value === undefined || (counted !== null && counted !== letters.value.length)
  useEffect(() => {
    if (isNews) void load()
  }, [queue, counted])
  return {
    letters: letters.value,
    problem: problem.value,
    load,
    forget() {
      letters.value = undefined
    },
  }
}
