import { signal } from '@preact/signals'

/** The time, to the second; stands still while nobody looks. */
export const now = signal(Date.now())

setInterval(() => {
  if (!document.hidden) now.value = Date.now()
}, 1_000)
