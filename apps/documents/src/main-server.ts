// The HTTP service as a process: PORT says where (0: any free port), DOCUMENTS_DATA and TQ_BROKER_URL with what.
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { app } from './app.ts'
import { dataDirectory } from './data-directory.ts'
import { openDatabase } from './database.ts'
import { createServer } from './server.ts'

const directory = dataDirectory()
const database = openDatabase(directory)
// A wrong broker URL should be found out now, not by the first visitor.
await app.open()

const server = serve(
  {
    fetch: createServer({ database, directory }).fetch,
    hostname: '127.0.0.1',
    port: Number(process.env['PORT'] ?? 8000),
  },
  ({ port }) => console.log(`server: listening on http://127.0.0.1:${port}`),
)

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
// Requests under way are answered first: they need the queue and the database.
await new Promise((resolve) => server.close(resolve))
await app.close()
database.close()
