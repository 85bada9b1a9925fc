import { checkKnown } from '../options/known.ts'
import { checkTaskName } from '../options/names.ts'
import type { TaskDefinition } from '../task/task.ts'
import type { TaskSettings } from '../task/task-options.ts'
import { resolveTaskPolicy, taskSettingNames } from '../task/task-policy.ts'

/**
 * A task as an app keeps it: checked, its settings completed by the app's.
 *
 * @throws TqError `INVALID_NAME`, `INVALID_OPTION`, `INVALID_DURATION`
 */
export function taskDefinition(
  { name, input, output, run }: Omit<TaskDefinition, 'policy'>,
  settings: TaskSettings,
  defaults: TaskSettings,
): TaskDefinition {
  const what = `task '${checkTaskName(name)}'`
  checkKnown(settings, taskSettingNames, what)
  return Object.freeze({
    name,
    input,
    output,
    run,
    policy: resolveTaskPolicy(settings, defaults, what, name),
  })
}
