import type { ComponentChildren } from 'preact'
import { bytes, count, duration, rate } from '../../lib/format.ts'
import { Ago, Since } from '../../parts/time.tsx'
import type { OfWorker } from './worker-card.tsx'

/** What a worker has done, and how its process is. */
export function WorkerFacts({ worker }: OfWorker) {
  return (
    <dl class="worker-facts">
      <Fact name="Rate">{rate(worker.perSecond)}/s</Fact>
      <Fact name="Succeeded">{count(worker.succeeded)}</Fact>
      <Fact name="Failed">
        <span class={worker.failed > 0 ? 'bad' : ''}>{count(worker.failed)}</span>
      </Fact>
      <Fact name="Retried">{count(worker.retried)}</Fact>
      <Fact name="Memory">{bytes(worker.rss)}</Fact>
      <Fact name="CPU">{Math.round(worker.cpu * 100)} %</Fact>
      <Fact name="Loop lag">
        <span class={worker.lagMs >= 1_000 ? 'bad' : worker.lagMs >= 200 ? 'warn' : ''}>
          {duration(worker.lagMs)}
        </span>
      </Fact>
      <Fact name="Up">
        <Since at={worker.startedAt} />
      </Fact>
      <Fact name="Heard">
        <Ago at={worker.updatedAt} />
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
