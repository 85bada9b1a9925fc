import type { Logger } from '@tq/core'
import type { FoundApp } from '../tasks/found-app.ts'

/** Says what becomes of every task, as Celery does: started, and how it ended with the time it took. */
export function logTasks(app: FoundApp, logger: Logger): void {
  const startedAt = new Map<string, number>()
  const took = (id: string, ms?: number): Record<string, number> => {
    const from = startedAt.get(id)
    startedAt.delete(id)
    const runtime = ms ?? (from === undefined ? undefined : performance.now() - from)
    return runtime === undefined ? {} : { runtimeMs: Math.round(runtime) }
  }
  app.on('started', ({ id, name, queue, attempt }) => {
    startedAt.set(id, performance.now())
    logger.info('started', { task: name, id, queue, ...(attempt > 0 ? { attempt } : {}) })
  })
  app.on('succeeded', ({ id, name, runtimeMs }) => {
    logger.info('succeeded', { task: name, id, ...took(id, runtimeMs) })
  })
  app.on('retried', ({ id, name, error, delayMs, attempt, runtimeMs }) => {
    const fields = { attempt, inMs: Math.round(delayMs), error: `${error.name}: ${error.message}` }
    logger.info('will be retried', { task: name, id, ...took(id, runtimeMs), ...fields })
  })
  app.on('failed', ({ id, name, error, reason, runtimeMs }) => {
    logger.error('failed', {
      task: name,
      id,
      ...took(id, runtimeMs),
      reason,
      error: `${error.name}: ${error.message}`,
    })
    if (error.stack) logger.debug(error.stack, { task: name, id })
  })
  app.on('revoked', ({ id, name, reason }) => logger.info('revoked', { task: name, id, ...took(id), reason }))
  app.on('lost', ({ id, name }) => {
    logger.warn('lost: another worker may run it', { task: name, id, ...took(id) })
  })
}
