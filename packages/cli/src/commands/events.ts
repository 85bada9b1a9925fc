import type { FedEvent } from '@tq/core'
import { connectionFlags } from '../flags/common-flags.ts'
import { command } from '../flags/define.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'
import { onStopSignal } from '../worker/signals.ts'

type Told = FedEvent | { readonly type: 'dropped'; readonly count: number }

export const events = command({
  name: 'events',
  description: 'Show what happens to tasks on all workers, until it is stopped',
  flags: connectionFlags,
  async run(values) {
    const stop = new AbortController()
    const end = onStopSignal(
      () => stop.abort(),
      () => process.exit(1),
    )
    await withApp(values, async (app) => {
      process.stderr.write('listening; Ctrl-C ends it\n')
      for await (const event of app.inspect.events({ signal: stop.signal })) {
        print(values.json, event, () => describe(event))
      }
    })
    end()
  },
})

function describe(event: Told): string {
  if (event.type === 'dropped') return `… ${event.count} more`
  const { at, worker, type, name, id } = event
  const more =
    event.type === 'failed' || event.type === 'retried'
      ? ` ${event.error.name}: ${event.error.message.split('\n')[0] ?? ''}`
      : event.type === 'succeeded'
        ? ` in ${Math.round(event.runtimeMs)} ms`
        : event.type === 'revoked'
          ? ` ${event.reason}`
          : ''
  return `${new Date(at).toISOString()} ${worker} ${type.padEnd(9)} ${name}(${id})${more}`
}
