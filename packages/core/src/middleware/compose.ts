/** One step around the rest: call `next` once, or throw to stop. */
export type Middleware<Context, Result = unknown> = (
  context: Context,
  next: () => Promise<Result>,
) => Promise<Result>

/**
 * The whole onion as one function. The first one given is outermost.
 *
 * @throws Error when a middleware calls `next` twice: the inner part would run twice.
 */
export function compose<Context, Result>(
  layers: readonly Middleware<Context, Result>[],
  inner: (context: Context) => Promise<Result>,
): (context: Context) => Promise<Result> {
  return layers.reduceRight<(context: Context) => Promise<Result>>(
    (next, layer) => (context) => {
      let called = false
      return layer(context, () => {
        if (called) return Promise.reject(new Error('A middleware called next() twice.'))
        called = true
        return next(context)
      })
    },
    inner,
  )
}
