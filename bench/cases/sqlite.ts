import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqlite } from '@tq/sqlite'
import type { Sample } from '../report.ts'
import { measure, payload, sendAndDrain } from './drain.ts'

/** tq on SQLite beside the least that a durable queue with results has to write, in the same batches. */
export async function sqliteDrain(tasks: number): Promise<readonly Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-bench-'))
  try {
    const ours = [1, 100].map(
      (concurrency) => () =>
        sendAndDrain('tq', `sqlite:${folder}/${concurrency}.db`, sqlite(), tasks, concurrency),
    )
    const samples: Sample[] = []
    for (const run of ours) samples.push(...(await run()))
    return [...samples, ...raw(join(folder, 'raw.db'), tasks)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const batch = 100

function raw(path: string, tasks: number): readonly Sample[] {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE message (seq INTEGER PRIMARY KEY, body BLOB, lease INTEGER);
    CREATE TABLE result (id INTEGER PRIMARY KEY, value TEXT)`)
  const insert = database.prepare('INSERT INTO message (body) VALUES (?)')
  const lease = database.prepare('UPDATE message SET lease = ? WHERE seq = ? RETURNING body')
  const remove = database.prepare('DELETE FROM message WHERE seq = ?')
  const store = database.prepare('INSERT INTO result (id, value) VALUES (?, ?)')
  const inBatches = (name: string, step: (seq: number) => void): Sample => {
    const measuring = measure()
    for (let start = 1; start <= tasks; start += batch) {
      database.exec('BEGIN IMMEDIATE')
      for (let seq = start; seq < start + batch && seq <= tasks; seq++) step(seq)
      database.exec('COMMIT')
    }
    return { name, tasks, ...measuring(), check: tasks }
  }
  const sent = inBatches('raw: bulk send', (seq) => insert.run(Buffer.from(JSON.stringify(payload(seq)))))
  const drained = inBatches('raw: lease, delete and store, by 100', (seq) => {
    const row = lease.get(1, seq)
    JSON.parse(Buffer.from(row?.['body'] as Uint8Array).toString())
    store.run(seq, '{"ok":true}')
    remove.run(seq)
  })
  database.close()
  return [sent, drained]
}
