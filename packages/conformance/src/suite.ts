import { type ConformanceCase, whyNotApplicable } from './case.ts'

/** What a case works with; ended after each case. */
export interface Stage {
  /** Closes what the case opened. */
  end(): Promise<void>
}

/**
 * Cases tied to a harness: what a runner needs to know, whatever is tested.
 *
 * @example const report = await runSuite(brokerSuite(harness))
 */
export interface Suite {
  readonly suite: 'broker' | 'backend' | 'store' | 'payloads'
  /** The harness's name. */
  readonly name: string
  /** Cases must run one after another: they share a virtual clock. */
  readonly virtual: boolean
  readonly cases: readonly SuiteCase[]
  /** What the driver and the harness offer, as data for the report. Asked once, then remembered. */
  offers(): Promise<unknown>
  dispose(): Promise<void>
}

/** A case tied to a harness. */
export interface SuiteCase {
  readonly id: string
  readonly promise: string
  readonly timeoutMs: number | undefined
  readonly exclusive: boolean
  /** The reason why it does not apply here, if so. */
  whyNotApplicable(): Promise<string | undefined>
  run(): Promise<void>
}

interface Parts<CaseStage extends Stage, Offers> {
  readonly suite: Suite['suite']
  readonly name: string
  readonly virtual: boolean
  readonly cases: readonly ConformanceCase<CaseStage, Offers>[]
  probe(): Promise<Offers>
  stage(offers: Offers): CaseStage
  dispose(): Promise<void>
}

/** Ties cases to a harness; hides their types from runners. */
export function tie<CaseStage extends Stage, Offers>(parts: Parts<CaseStage, Offers>): Suite {
  let probed: Promise<Offers> | undefined
  const offers = () => {
    probed ??= parts.probe()
    return probed
  }
  return {
    suite: parts.suite,
    name: parts.name,
    virtual: parts.virtual,
    offers,
    dispose: () => parts.dispose(),
    cases: parts.cases.map((one) => ({
      id: one.id,
      promise: one.promise,
      timeoutMs: one.timeoutMs,
      exclusive: one.exclusive ?? false,
      whyNotApplicable: async () => whyNotApplicable(one, await offers()),
      async run() {
        const stage = parts.stage(await offers())
        try {
          await one.run(stage)
        } finally {
          await stage.end()
        }
      },
    })),
  }
}
