/** What can be chosen, with its words; the first to run first. */
export const priorities: readonly (readonly [value: string, text: string])[] = Array.from(
  { length: 10 },
  (_, at) => {
    const value = String(9 - at)
    return [value, value === '9' ? '9 (first)' : value === '0' ? '0 (last)' : value]
  },
)
