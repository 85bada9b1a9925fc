import { ErrorBoundary, LocationProvider, lazy, Route, Router } from 'preact-iso'
import { root } from './lib/root.ts'
import { OverviewPage } from './pages/overview/overview.tsx'
import { TasksPage } from './pages/tasks/tasks.tsx'
import { Empty } from './parts/notice.tsx'
import { Shell } from './shell.tsx'

const TaskPage = lazy(() => import('./pages/task/task.tsx').then(({ TaskPage: page }) => page))
const RunPage = lazy(() => import('./pages/run/run.tsx').then(({ RunPage: page }) => page))
const QueuesPage = lazy(() => import('./pages/queues.tsx').then(({ QueuesPage: page }) => page))
const WorkersPage = lazy(() => import('./pages/workers/workers.tsx').then(({ WorkersPage: page }) => page))
const SchedulesPage = lazy(() =>
  import('./pages/schedules/schedules.tsx').then(({ SchedulesPage: page }) => page),
)
const WorkflowsPage = lazy(() => import('./pages/workflows.tsx').then(({ WorkflowsPage: page }) => page))
const WorkflowPage = lazy(() => import('./pages/workflow.tsx').then(({ WorkflowPage: page }) => page))
const DeadPage = lazy(() => import('./pages/dead/dead.tsx').then(({ DeadPage: page }) => page))
const ActivityPage = lazy(() => import('./pages/activity.tsx').then(({ ActivityPage: page }) => page))

export function Dashboard() {
  return (
    <LocationProvider scope={root}>
      <Shell>
        <ErrorBoundary>
          <Router>
            <Route path={root} component={OverviewPage} />
            <Route path={`${root}tasks`} component={TasksPage} />
            <Route path={`${root}task`} component={TaskPage} />
            <Route path={`${root}run`} component={RunPage} />
            <Route path={`${root}queues`} component={QueuesPage} />
            <Route path={`${root}workers`} component={WorkersPage} />
            <Route path={`${root}schedules`} component={SchedulesPage} />
            <Route path={`${root}workflows`} component={WorkflowsPage} />
            <Route path={`${root}workflow`} component={WorkflowPage} />
            <Route path={`${root}dead`} component={DeadPage} />
            <Route path={`${root}activity`} component={ActivityPage} />
            <Route default component={NoPage} />
          </Router>
        </ErrorBoundary>
      </Shell>
    </LocationProvider>
  )
}

function NoPage() {
  return (
    <Empty icon="search" title="There is no such page.">
      The address may be of another version of this dashboard.
    </Empty>
  )
}
