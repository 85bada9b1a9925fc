import type { FlowLink, FlowValue } from '../task/flow.ts'

/** A task of a workflow that has ended. */
export interface EndedStep {
  readonly id: string
  readonly generation: number
  readonly link: FlowLink
  /** Undefined: as its record says, and nothing follows if that has not ended. */
  readonly end: FlowValue | undefined
}

/** What follows tasks that have ended: the next step, the join, the end of the workflow. */
export interface FollowUps {
  /**
   * Resolves when all that follows is sent and kept. Safe to repeat: ids are fixed, and what was done is not done
   * twice. Called before a task's message is acknowledged: whoever dies in between is followed by a redelivery.
   */
  drive(ended: readonly EndedStep[]): Promise<void>
  /**
   * Before a failed task runs again: lets its workflow, if that has failed, go on from there. Whatever else failed in the
   * groups around it is awaited anew, and has to be run again, too. Returns the task's link from now on.
   *
   * @throws TqError `INVALID_OPTION` while its workflow has not failed yet
   */
  reopen(link: FlowLink): Promise<FlowLink>
}
