import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { Overview } from '../../src/wire/overview.ts'
import { useLive } from './data/live.ts'
import { may, session, sessionProblem } from './data/session.ts'
import { count } from './lib/format.ts'
import { useKeys } from './lib/keys.ts'
import { href, root } from './lib/root.ts'
import { nextTheme, theme } from './lib/theme.ts'
import { BulkPanel } from './parts/bulk-panel.tsx'
import { ConnectionDot } from './parts/connection-dot.tsx'
import { Questions } from './parts/dialog.tsx'
import { Icon, type IconName } from './parts/icon.tsx'
import { ProblemNotice } from './parts/notice.tsx'
import { Shortcuts } from './parts/shortcuts.tsx'
import { Toasts } from './parts/toasts.tsx'

interface Place {
  readonly page: string
  readonly name: string
  readonly icon: IconName
  /** After `g`. */
  readonly key: string
  /** Pages that belong to it. */
  readonly also?: readonly string[]
}

const places: readonly Place[] = [
  { page: '', name: 'Overview', icon: 'gauge', key: 'o' },
  { page: 'tasks', name: 'Tasks', icon: 'tasks', key: 't', also: ['task', 'run'] },
  { page: 'queues', name: 'Queues', icon: 'queues', key: 'q' },
  { page: 'workers', name: 'Workers', icon: 'workers', key: 'w' },
  { page: 'schedules', name: 'Schedules', icon: 'schedules', key: 's' },
  { page: 'workflows', name: 'Workflows', icon: 'workflows', key: 'f', also: ['workflow'] },
  { page: 'dead', name: 'Dead letters', icon: 'dead', key: 'd' },
  { page: 'activity', name: 'Audit log', icon: 'activity', key: 'a' },
]

/** What surrounds every page. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { path, route } = useLocation()
  const { data } = useLive<Overview>('overview')
  const help = useSignal(false)
  const here = path.slice(root.length)
  // On a narrow screen the pages are a strip that scrolls.
  useEffect(() => {
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [here, data === undefined])
  useKeys({
    ...Object.fromEntries(places.map(({ key, page }) => [`g ${key}`, () => route(href(page))])),
    n: () => {
      if (may('operate')) route(href('run'))
    },
    '?': () => {
      help.value = true
    },
    '/': () => document.getElementById('search')?.focus(),
  })
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="side">
        <div class="brand">
          <a href={href('')} class="logo" aria-label="tq, overview">
            tq
          </a>
          <Environment />
          <span class="grow" />
          <ConnectionDot />
        </div>
        <nav aria-label="Pages">
          <ul>
            {places.map((place) => (
              <li key={place.page}>
                <a
                  href={href(place.page)}
                  aria-current={here === place.page || place.also?.includes(here) ? 'page' : undefined}
                >
                  <Icon name={place.icon} />
                  <span>{place.name}</span>
                  <Badge page={place.page} overview={data} />
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-foot">
          <Where />
          <div class="side-buttons">
            <button
              type="button"
              class="button quiet"
              onClick={nextTheme}
              aria-label={`Colours: ${theme.value}. Change`}
              title={`Colours: ${theme.value}`}
            >
              <Icon name={theme.value === 'auto' ? 'auto' : theme.value === 'light' ? 'sun' : 'moon'} />
            </button>
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                help.value = true
              }}
              aria-label="Keyboard shortcuts"
              title="Keyboard shortcuts (?)"
            >
              <Icon name="keyboard" />
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {sessionProblem.value ? <ProblemNotice problem={sessionProblem.value} /> : null}
        {children}
      </main>
      <BulkPanel />
      <Toasts />
      <Questions />
      <Shortcuts open={help} places={places} />
    </div>
  )
}

function Environment() {
  const environment = session.value?.environment
  return environment ? <span class={`environment ${environment.tone}`}>{environment.label}</span> : null
}

/** What is not as it should be. */
function Badge({ page, overview }: { readonly page: string; readonly overview: Overview | undefined }) {
  if (!overview) return null
  const { queues, workers } = overview
  if (page === 'dead') {
    const dead = queues.reduce((sum, queue) => sum + (queue.dead ?? 0), 0)
    return dead > 0 ? <span class="nav-badge warn">{count(dead)}</span> : null
  }
  if (page === 'queues') {
    const waiting = queues.reduce((sum, { counts }) => sum + (counts?.ready ?? 0), 0)
    return waiting > 0 ? <span class="nav-badge">{count(waiting)}</span> : null
  }
  if (page === 'workers')
    return <span class={workers.length > 0 ? 'nav-badge' : 'nav-badge bad'}>{count(workers.length)}</span>
  if (page === '') {
    const errors = overview.warnings.filter(({ level }) => level === 'error').length
    return errors > 0 ? <span class="nav-badge bad">{errors}</span> : null
  }
  return null
}

function Where() {
  const known = session.value
  if (!known) return null
  const { broker, backend, user, role, version } = known
  return (
    <dl class="where">
      <div>
        <dt>Broker</dt>
        <dd>{broker || 'not reached'}</dd>
      </div>
      <div>
        <dt>Backend</dt>
        <dd>{backend ?? (broker ? 'none' : 'not reached')}</dd>
      </div>
      <div>
        <dt>You</dt>
        <dd title={user}>
          {user} · {role}
        </dd>
      </div>
      <div>
        <dt>tq</dt>
        <dd>{version}</dd>
      </div>
    </dl>
  )
}
