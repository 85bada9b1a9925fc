import { defineCommand } from 'citty'

export const dead = defineCommand({
  meta: { name: 'dead', description: 'Tasks that were given up: list, run again, drop' },
  subCommands: {
    list: () => import('./dead-list.ts').then((module) => module.deadList),
    retry: () => import('./dead-retry.ts').then((module) => module.deadRetry),
    drop: () => import('./dead-drop.ts').then((module) => module.deadDrop),
  },
})
