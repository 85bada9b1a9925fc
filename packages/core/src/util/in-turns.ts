/** Does it for each, at most so many at once. Rejects with the first error; what is under way then goes on. */
export async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values()
  const one = async () => {
    for (const item of left) await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one))
}
