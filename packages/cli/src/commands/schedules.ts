import { defineCommand } from 'citty'

export const schedules = defineCommand({
  meta: {
    name: 'schedules',
    description: 'What is sent again and again: list, pause, resume, run now, remove',
  },
  subCommands: {
    list: () => import('./schedules-list.ts').then((module) => module.schedulesList),
    pause: () => import('./schedules-pause.ts').then((module) => module.schedulesPause),
    resume: () => import('./schedules-resume.ts').then((module) => module.schedulesResume),
    run: () => import('./schedules-run.ts').then((module) => module.schedulesRun),
    remove: () => import('./schedules-remove.ts').then((module) => module.schedulesRemove),
  },
})
