// biome-ignore lint/suspicious/noConfusingVoidType: handlers that return nothing have this result
type Nothing = void

/** What is wrong with a type that JSON cannot carry, as a readable text; never when all is well. */
export type JsonProblem<T, Depth extends readonly unknown[] = []> = Depth['length'] extends 6
  ? never
  : 0 extends 1 & T // any
    ? never
    : unknown extends T
      ? never
      : T extends string | number | boolean | null | undefined | Nothing
        ? never
        : T extends bigint
          ? 'a bigint cannot be a task result: return a string'
          : T extends symbol
            ? 'a symbol cannot be a task result'
            : T extends (...parameters: never[]) => unknown
              ? 'a function cannot be a task result'
              : T extends Date
                ? 'a Date cannot be a task result: return date.toISOString()'
                : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
                  ? 'a Map or Set cannot be a task result: return plain data'
                  : T extends ArrayBufferLike | ArrayBufferView
                    ? 'binary data cannot be a task result: store it, and return where it is'
                    : T extends readonly (infer Element)[]
                      ? JsonProblem<Element, [...Depth, 0]>
                      : T extends object
                        ? { [K in keyof T]: JsonProblem<T[K], [...Depth, 0]> }[keyof T]
                        : never

/** Adds nothing when the result is plain data; else asks for a `run` that cannot exist and names the reason. */
export type JsonCheck<R> = [JsonProblem<Awaited<R>>] extends [never]
  ? unknown
  : { readonly run: { readonly error: JsonProblem<Awaited<R>> } }
