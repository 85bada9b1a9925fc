/** A terminal and npm both pass on one Ctrl-C: the second of two so close is the same one. */
const sameKeyMs = 400

/** Calls `first` at the first SIGTERM, SIGINT or SIGHUP, `again` at each one after it. Returns a function that ends it. */
export function onStopSignal(first: (signal: string) => void, again: (signal: string) => void): () => void {
  let seen = 0
  let lastInterrupt = Number.NEGATIVE_INFINITY
  const listener = (signal: string) => {
    if (signal === 'SIGINT') {
      const now = performance.now()
      const same = now - lastInterrupt < sameKeyMs
      lastInterrupt = now
      if (same) return
    }
    if (seen++ === 0) first(signal)
    else again(signal)
  }
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
