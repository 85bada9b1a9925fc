// What `tq worker -A src/tasks.ts` loads: the tasks below, and with them the steps of every document.
import { app } from './app.ts'
import { dataDirectory } from './data-directory.ts'
import { embeddingVersion } from './embed.ts'
import { submitDocument } from './pipeline.ts'
import { removeOrphans } from './uploads.ts'

/** Processes all documents again whose vectors were made by an older version of {@link embed}. */
export const updateKnowledgeBase = app.task({
  name: 'knowledge-base.update',
  queue: 'maintenance',
  priority: 1,
  run: async (_, ctx) => {
    const outdated = ctx.state.outdatedDocuments(embeddingVersion)
    for (const { id, path } of outdated) await submitDocument(ctx.state, id, path, { priority: 2 })
    return { submitted: outdated.length }
  },
})

/** Removes files of uploads that ended before they were known to the database, and drafts that nobody finished. */
export const cleanUpUploads = app.task({
  name: 'uploads.clean-up',
  queue: 'maintenance',
  priority: 1,
  run: async (_, ctx) => {
    ctx.state.drafts.removeOld()
    return { removed: await removeOrphans(dataDirectory(), (path) => ctx.state.hasPath(path)) }
  },
})
