import { checkKnown } from '../options/known.ts'
import { sendOptionNames } from '../runtime/outgoing.ts'
import type {
  Plan,
  PlannedSignature,
  Signature,
  SignatureHost,
  SignatureOptions,
  WorkflowResult,
} from '../task/signature.ts'
import type { SendOptions } from '../task/task.ts'
import { checkSignatures } from './check-signatures.ts'

const optionNames: ReadonlySet<string> = new Set(
  [...sendOptionNames].filter((name) => !['taskId', 'uniqueKey', 'throttle', 'debounce'].includes(name)),
)

/** A plan with its options; immutable. */
class PlanSignature implements PlannedSignature {
  readonly plan: Plan
  readonly host: SignatureHost
  readonly options: SignatureOptions
  readonly errorCallbacks: readonly PlannedSignature[]

  constructor(
    plan: Plan,
    host: SignatureHost,
    options: SignatureOptions,
    errorCallbacks: readonly PlannedSignature[],
  ) {
    this.plan = plan
    this.host = host
    this.options = options
    this.errorCallbacks = errorCallbacks
  }

  set(options: SignatureOptions): PlanSignature {
    checkKnown(options, optionNames, 'signature.set')
    return new PlanSignature(this.plan, this.host, { ...this.options, ...options }, this.errorCallbacks)
  }

  onError(...callbacks: readonly PlannedSignature[]): PlanSignature {
    checkSignatures('onError: callback', callbacks)
    return new PlanSignature(this.plan, this.host, this.options, [...this.errorCallbacks, ...callbacks])
  }

  delay(): Promise<WorkflowResult<unknown>> {
    return this.host.launch(this, {})
  }

  applyAsync(options: SignatureOptions & Pick<SendOptions, 'taskId'> = {}): Promise<WorkflowResult<unknown>> {
    checkKnown(options, new Set([...optionNames, 'taskId']), 'applyAsync of a workflow')
    return this.host.launch(this, options)
  }
}

/** Its types are what the caller says: only the compiler knows them. */
export function createSignature<Takes, Gives>(plan: Plan, host: SignatureHost): Signature<Takes, Gives> {
  return new PlanSignature(plan, host, {}, []) as unknown as Signature<Takes, Gives>
}
