import { defineCommand } from 'citty'

export const inspect = defineCommand({
  meta: { name: 'inspect', description: 'What workers, queues and tasks are doing' },
  subCommands: {
    ping: () => import('./inspect/ping.ts').then((module) => module.ping),
    active: () => import('./inspect/worker-tasks.ts').then((module) => module.active),
    reserved: () => import('./inspect/worker-tasks.ts').then((module) => module.reserved),
    scheduled: () => import('./inspect/scheduled.ts').then((module) => module.scheduled),
    registered: () => import('./inspect/registered.ts').then((module) => module.registered),
    queues: () => import('./inspect/queues.ts').then((module) => module.queues),
    'rate-limits': () => import('./inspect/rate-limits.ts').then((module) => module.rateLimits),
    stats: () => import('./inspect/stats.ts').then((module) => module.stats),
    conf: () => import('./inspect/conf.ts').then((module) => module.conf),
    audit: () => import('./inspect/audit.ts').then((module) => module.audit),
  },
})
