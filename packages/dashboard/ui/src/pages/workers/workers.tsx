import type { Overview } from '../../../../src/wire/overview.ts'
import { useLive } from '../../data/live.ts'
import { LivePage } from '../../parts/live-page.tsx'
import { Empty } from '../../parts/notice.tsx'
import { WorkerCard } from './worker-card.tsx'

export function WorkersPage() {
  return (
    <LivePage title="Workers" live={useLive<Overview>('overview')}>
      {({ workers }) =>
        workers.length === 0 ? (
          <Empty icon="workers" title="No worker is alive.">
            Start one: <code>tq worker -A src/tasks.ts</code>. It appears here within two seconds.
          </Empty>
        ) : (
          <div class="workers">
            {workers.map((worker) => (
              <WorkerCard key={worker.id} worker={worker} />
            ))}
          </div>
        )
      }
    </LivePage>
  )
}
