import { TqError } from '../errors/tq-error.ts'
import type {
  AnySignature,
  GivesOf,
  Nothing,
  PlannedSignature,
  Settled,
  Signature,
  SignatureHost,
  TakesOf,
} from '../task/signature.ts'
import { checkSignatures } from './check-signatures.ts'
import { nowhere } from './nothing.ts'

/** What is wrong between two steps, for the compiler to show. */
interface DoesNotFit<Given, Taken> {
  readonly 'tq: the value of the step before does not fit what this step takes': {
    readonly given: Given
    readonly taken: Taken
  }
}
interface HasItsInput {
  readonly 'tq: this step has its whole input; use .si(…) to ignore the value of the step before, or .s() to take it': never
}

/** The step itself where it fits behind a value, else what is wrong. */
type Fit<Given, Step> =
  unknown extends TakesOf<Step>
    ? Step
    : [TakesOf<Step>] extends [Nothing]
      ? HasItsInput
      : [Given] extends [TakesOf<Step>]
        ? Step
        : DoesNotFit<Given, TakesOf<Step>>

type FitAll<Given, Steps extends readonly unknown[]> = Steps extends readonly [infer Step, ...infer Rest]
  ? readonly [Fit<Given, Step>, ...FitAll<GivesOf<Step>, Rest>]
  : Steps

type FirstOf<Steps extends readonly unknown[]> = Steps extends readonly [infer First, ...unknown[]]
  ? First
  : Steps[number]
type LastOf<Steps extends readonly unknown[]> = Steps extends readonly [...unknown[], infer Last]
  ? Last
  : Steps[number]

/** The steps of a chain, each checked against the one before. */
export type FittingSteps<Steps extends readonly unknown[]> = Steps extends readonly [
  infer First,
  ...infer Rest,
]
  ? readonly [First, ...FitAll<GivesOf<First>, Rest>]
  : Steps

/** What all of them take. */
type TakenByAll<Children extends readonly unknown[]> = TakesOf<Children[number]>

type ValuesOf<Children extends readonly unknown[]> = { -readonly [K in keyof Children]: GivesOf<Children[K]> }
type SettledOf<Children extends readonly unknown[]> = {
  -readonly [K in keyof Children]: Settled<GivesOf<Children[K]>>
}

export interface GroupOptions<Failures extends 'fail' | 'collect'> {
  /**
   * When a child fails for good: `fail`: the group fails once all its children have ended. `collect`: it goes on, its
   * value says of each child whether it was fulfilled, as `Promise.allSettled` does. @default 'fail'
   */
  readonly failures?: Failures
}

/**
 * One after the other; each step takes the value of the one before. A group inside a chain ends before the next step
 * begins, which takes the list of its values (a chord).
 *
 * @throws TqError `INVALID_OPTION` without any step, or when one is no signature
 * @example await chain(parse.s({ path }), embed.s(), save.s()).delay()
 */
export function chain<const Steps extends readonly AnySignature[]>(
  ...steps: Steps & FittingSteps<Steps>
): Signature<TakesOf<FirstOf<Steps>>, GivesOf<LastOf<Steps>>> {
  if (steps.length === 0) throw new TqError('INVALID_OPTION', 'chain: give at least one step.')
  checkSignatures('chain: step', steps)
  return hostOf(steps).sign({ kind: 'chain', steps })
}

/**
 * All at once; results in the list of their values, in the order given. Needs a backend.
 *
 * @example const texts = await (await group(paths.map((path) => parse.s({ path }))).delay()).get()
 */
export function group<
  const Children extends readonly AnySignature[],
  Failures extends 'fail' | 'collect' = 'fail',
>(
  children: Children,
  options: GroupOptions<Failures> = {},
): Signature<TakenByAll<Children>, Failures extends 'collect' ? SettledOf<Children> : ValuesOf<Children>> {
  const { failures = 'fail' } = options
  if (failures !== 'fail' && failures !== 'collect')
    throw new TqError('INVALID_OPTION', `group: failures '${String(failures)}' is not 'fail' or 'collect'.`)
  checkSignatures('group: child', children)
  return hostOf(children).sign({ kind: 'group', children, failures })
}

/**
 * A group and what follows it: the body runs once, with the list of values, when the last child has ended. The same as
 * `chain(group(header), body)`.
 *
 * @example await chord(files.map((path) => count.s({ path })), total.s()).delay()
 */
export function chord<const Header extends readonly AnySignature[], Body extends AnySignature>(
  header: Header,
  body: Body & Fit<ValuesOf<Header>, Body>,
): Signature<TakenByAll<Header>, GivesOf<Body>> {
  checkSignatures('chord: child', header)
  checkSignatures('chord: body', [body])
  const host = hostOf([...header, body])
  return host.sign({
    kind: 'chain',
    steps: [host.sign({ kind: 'group', children: header, failures: 'fail' }), body],
  })
}

/** The app they belong to. */
function hostOf(signatures: readonly PlannedSignature[]): SignatureHost {
  return signatures.find(({ host }) => host !== nowhere)?.host ?? nowhere
}
