import type { AuditRow } from '../../../src/wire/records.ts'
import { useLive } from '../data/live.ts'
import { dateTime } from '../lib/format.ts'
import { Empty, Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Ago } from '../parts/time.tsx'

/** What was done by whom, here and on the command line. */
export function ActivityPage() {
  const { data: entries, problem } = useLive<readonly AuditRow[]>('audit')
  return (
    <div class="page">
      <PageHead title="Audit log" problem={problem} stale={entries !== undefined} />
      {entries === undefined ? (
        problem ? null : (
          <Loading />
        )
      ) : entries.length === 0 ? (
        <Empty icon="activity" title="Nobody has done anything yet.">
          Every action of this dashboard, of <code>tq control</code> and of <code>app.control</code> is kept
          for 90 days.
        </Empty>
      ) : (
        <section class="panel">
          <div class="table-box">
            <table class="table cards">
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col">Did</th>
                  <th scope="col">On</th>
                  <th scope="col">Outcome</th>
                </tr>
              </thead>
              <tbody>
                {entries.map(({ at, by, action, target, outcome }, index) => (
                  <tr key={`${at} ${index}`}>
                    <td data-label="When" title={dateTime(at)} class="nowrap">
                      <Ago at={at} />
                    </td>
                    <td data-label="Who">{by}</td>
                    <td data-label="Did">
                      <strong>{action}</strong>
                    </td>
                    <td data-label="On" class="mono">
                      {target}
                    </td>
                    <td data-label="Outcome" class="faint">
                      {outcome ?? ''}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </div>
  )
}
