/** Refuses a text as a wrong command line; `name` is what said it: a flag, an argument, a variable. @throws CommandError */
export type Check = (text: string, name: string) => void

/** One flag, or one argument without a name. */
export interface Flag {
  readonly type: 'string' | 'boolean' | 'positional'
  readonly description: string
  readonly alias?: string
  readonly valueHint?: string
  /** The variable that says the same. Internal flags have none. */
  readonly env?: string
  /** May be given several times, each time as a list with commas. */
  readonly multiple?: true
  readonly required?: boolean
  /** What it may be; of each alone where there may be several. Without it, whoever uses the value says. */
  readonly check?: Check
  /** Must be said each time: a configuration file does not count. */
  readonly eachTime?: true
  /** Only one process of ours passes it to another. */
  readonly internal?: true
}

export type Flags = Readonly<Record<string, Flag>>

/** What was said, wherever it was said. */
export type Values<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { readonly type: 'boolean' }
    ? boolean
    : F[Name] extends { readonly multiple: true }
      ? readonly string[]
      : F[Name] extends { readonly required: true }
        ? string
        : string | undefined
}
