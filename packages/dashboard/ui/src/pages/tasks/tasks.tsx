import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { Overview } from '../../../../src/wire/overview.ts'
import type { Census, TaskRow } from '../../../../src/wire/task.ts'
import { useLive } from '../../data/live.ts'
import { useSelection } from '../../data/selection.ts'
import { may } from '../../data/session.ts'
import { useTaskList } from '../../data/task-list.ts'
import { count } from '../../lib/format.ts'
import { useKeys } from '../../lib/keys.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Icon } from '../../parts/icon.tsx'
import { Empty, Loading } from '../../parts/notice.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { VirtualRows } from '../../parts/virtual-rows.tsx'
import { BulkBar } from './bulk-bar.tsx'
import { type Filter, readFilter, toSearch } from './filter.ts'
import { StateTabs } from './state-tabs.tsx'
import { TaskFilters } from './task-filters.tsx'
import { TaskHead, TaskLine } from './task-line.tsx'

/** Everything that is chosen is in the URL: it can be shared, kept, and gone back to. */
export function TasksPage() {
  const { query, route } = useLocation()
  const filter = readFilter(query)
  const search = toSearch(filter)
  const list = useTaskList(search)
  const { data: overview } = useLive<Overview>('overview')
  const { state: _, ...others } = filter
  const { data: census } = useLive<Census | null>(pageWith('census', others))
  const selection = useSelection()
  const allMatching = useSignal(false)
  const focused = useSignal(-1)
  const items = list.items.value

  const unselect = () => {
    selection.clear()
    allMatching.value = false
  }
  useEffect(() => {
    unselect()
    focused.value = -1
  }, [search])

  const choose = (changes: Filter) => route(href(pageWith('tasks', { ...filter, ...changes })))
  const toggle = (id: string) => {
    selection.toggle(id)
    allMatching.value = false
  }
  const move = (by: number) => {
    focused.value = Math.max(0, Math.min(items.length - 1, focused.value + by))
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const item = items[focused.value]
      if (item) toggle(item.id)
    },
    Enter: () => {
      const item = items[focused.value]
      if (item) route(href(pageWith('task', { id: item.id })))
    },
    Escape: unselect,
  })

  const shownIds = items.map(({ id }) => id)
  const toggleAll = () => {
    selection.toggleAll(shownIds)
    allMatching.value = false
  }

  return (
    <div class="page full">
      <PageHead title="Tasks" problem={list.problem} stale={list.known}>
        <span class="grow" />
        {may('operate') ? (
          <a class="button" href={href(pageWith('run', { task: filter.name }))}>
            <Icon name="play" size={14} /> Run a task
          </a>
        ) : null}
      </PageHead>
      <StateTabs
        chosen={filter.state}
        census={census ?? undefined}
        choose={(state = '') => choose({ state })}
      />
      <TaskFilters filter={filter} overview={overview} choose={choose} />
      <BulkBar
        filter={filter}
        total={matching(census, filter.state)}
        selected={selection.ids}
        items={items}
        allMatching={allMatching}
        unselect={unselect}
      />
      {list.newer.value > 0 ? (
        <button type="button" class="button newer" onClick={() => list.showNewer()}>
          {count(list.newer.value)} newer
        </button>
      ) : null}
      {list.known && items.length === 0 && !list.loading.value ? (
        <NothingFound filter={filter} />
      ) : list.known ? (
        <VirtualRows<TaskRow>
          items={items}
          keyOf={({ id }) => id}
          label="Tasks"
          focused={focused.value}
          onEnd={list.more}
          onTop={list.setAtTop}
          head={<TaskHead allShown={selection.hasAll(shownIds)} toggleAll={toggleAll} order={filter.order} />}
          row={(task, at) => (
            <TaskLine
              task={task}
              index={at}
              focused={at === focused.value}
              selected={allMatching.value || selection.has(task.id)}
              toggle={toggle}
            />
          )}
        />
      ) : list.problem ? null : (
        <Loading />
      )}
    </div>
  )
}

function NothingFound({ filter }: { readonly filter: Filter }) {
  if (Object.keys(filter).length === 0) {
    return (
      <Empty icon="tasks" title="No task is known yet.">
        Send one: <code>tq call NAME JSON</code>. Tasks are listed as long as their results are kept.
      </Empty>
    )
  }
  return (
    <Empty icon="search" title="No task matches.">
      <a class="button" href={href('tasks')}>
        <Icon name="close" size={14} /> Clear all filters
      </a>
    </Empty>
  )
}

function matching(
  census: Census | null | undefined,
  state: string | undefined,
): { readonly count: number; readonly complete: boolean } | undefined {
  if (!census) return undefined
  const wanted = state?.split(',')
  const counts = Object.entries(census.states).filter(([name]) => !wanted || wanted.includes(name))
  return { count: counts.reduce((sum, [, one]) => sum + one, 0), complete: census.complete }
}
