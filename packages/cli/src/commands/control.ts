import { defineCommand } from 'citty'

export const control = defineCommand({
  meta: { name: 'control', description: 'Pause queues, stop and rerun tasks, scale and stop workers' },
  subCommands: {
    pause: () => import('./control/queues.ts').then((module) => module.pause),
    resume: () => import('./control/queues.ts').then((module) => module.resume),
    revoke: () => import('./control/tasks.ts').then((module) => module.revoke),
    retry: () => import('./control/tasks.ts').then((module) => module.retry),
    promote: () => import('./control/tasks.ts').then((module) => module.promote),
    reschedule: () => import('./control/tasks.ts').then((module) => module.reschedule),
    priority: () => import('./control/tasks.ts').then((module) => module.priority),
    'rate-limit': () => import('./control/tasks.ts').then((module) => module.rateLimit),
    concurrency: () => import('./control/workers.ts').then((module) => module.concurrency),
    'add-consumer': () => import('./control/workers.ts').then((module) => module.addConsumer),
    'cancel-consumer': () => import('./control/workers.ts').then((module) => module.cancelConsumer),
    shutdown: () => import('./control/workers.ts').then((module) => module.shutdown),
  },
})
