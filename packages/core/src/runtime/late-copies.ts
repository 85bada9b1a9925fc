import type { Millis } from '../contracts/time.ts'

/**
 * For how long something may still come late: a copy of a message, the words of a worker that was lost. Longer than
 * any service keeps a message that nobody takes; records and marks outlive it.
 */
export const lateCopiesMs: Millis = 14 * 86_400_000
