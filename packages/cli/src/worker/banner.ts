import { release } from 'node:os'
import type { Worker } from '@tq/core'
import { hidePasswords } from '../output/hide-passwords.ts'
import type { FoundApp } from '../tasks/found-app.ts'
import { version } from '../version.ts'

/** What a worker says of itself when it is ready. */
export interface StartInfo {
  readonly name: string
  readonly version: string
  readonly namespace: string
  readonly broker: string
  readonly backend: string
  readonly queues: readonly string[]
  readonly concurrency: number
  readonly tasks: readonly string[]
  readonly graceMs: number
}

export function startInfo(app: FoundApp, worker: Worker): StartInfo {
  const { runtime } = app
  const { broker, backend } = runtime.connected ?? {}
  const { TQ_BROKER_URL: brokerUrl, TQ_BACKEND_URL: backendUrl } = process.env
  const queue = ({ name, weight }: { name: string; weight: number }) =>
    weight === 1 ? name : `${name}:${weight}`
  return {
    name: worker.options.name,
    version,
    namespace: runtime.settings.namespace,
    broker: describe(broker?.name, brokerUrl),
    backend: backend ? describe(backend.name, backendUrl) : 'none',
    queues: worker.options.queues.map(queue),
    concurrency: worker.options.concurrency,
    tasks: runtime.registry.names(),
    graceMs: worker.options.graceMs,
  }
}

/** The URL when it is the one in use; the app may have been made with another. */
function describe(name: string | undefined, url: string | undefined): string {
  if (!name) return 'none'
  return url?.toLowerCase().startsWith(name.slice(0, 3).toLowerCase()) ? hidePasswords(url) : name
}

/** The picture at start, as Celery's. */
export function banner(info: StartInfo, processes: number): string {
  const times = processes > 1 ? ` in each of ${processes} processes` : ''
  const rows = [
    ['broker', info.broker],
    ['backend', info.backend],
    ['namespace', info.namespace],
    ['queues', info.queues.join(', ')],
    ['concurrency', `${info.concurrency}${times}`],
  ] as const
  return [
    '',
    ` tq ${info.version}   ${info.name}   node ${process.version}   ${process.platform} ${release()}`,
    '',
    ...rows.map(([title, value]) => ` ${title.padEnd(12)} ${value}`),
    '',
    ' tasks',
    ...info.tasks.map((name) => `   . ${name}`),
    '',
  ].join('\n')
}
