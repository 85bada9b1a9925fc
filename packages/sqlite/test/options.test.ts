import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Backend, type Broker, systemClock, TqError } from '@tq/core/driver'
import { afterAll, describe, expect, test } from 'vitest'
import { adapter } from '../src/index.ts'
import { resolveOptions, type SqliteOptions } from '../src/options.ts'

const folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const context = { namespace: 'options', clock: systemClock }

function open(url: string): { readonly broker: Broker; readonly backend: Backend } {
  const broker = adapter.createBroker?.(url, context)
  const backend = adapter.createBackend?.(url, context)
  if (!broker || !backend) throw new Error('the adapter makes both')
  return { broker, backend }
}

describe('URLs', () => {
  test.each([
    ['sqlite:tasks.db', resolve('tasks.db')],
    ['sqlite:./data/tasks.db', resolve('data/tasks.db')],
    ['SQLITE:tasks.db', resolve('tasks.db')],
    ['sqlite:/srv/tasks.db', '/srv/tasks.db'],
    ['sqlite:///srv/tasks.db', '/srv/tasks.db'],
    ['sqlite:/srv/a%20b%3F.db', '/srv/a b?.db'],
    ['sqlite:~/tasks.db', resolve('~/tasks.db')],
  ])('%s', (url, file) => {
    expect(resolveOptions(url, {})).toEqual({ file, synchronous: 'full', busyTimeoutMs: 10_000 })
  })

  test('options of the URL go before those of the adapter', () => {
    const given: SqliteOptions = { synchronous: 'full', busyTimeoutMs: 1 }
    expect(resolveOptions('sqlite:a.db?synchronous=NORMAL', given)).toMatchObject({
      synchronous: 'normal',
      busyTimeoutMs: 1,
    })
    expect(resolveOptions('sqlite:a.db?busyTimeoutMs=250', given)).toMatchObject({ busyTimeoutMs: 250 })
  })

  test.each([
    ['sqlite::memory:', /Use memory: instead/],
    ['sqlite:file::memory:?cache=shared', /Use memory: instead/],
    ['sqlite:', /names no file/],
    ['sqlite:?synchronous=full', /names no file/],
    ['sqlite://host/tasks.db', /no host/],
    ['sqlite:a%zz.db', /%25/],
    ['sqlite:a.db?synchronous=off', /'full' or 'normal'/],
    ['sqlite:a.db?busyTimeoutMs=soon', /milliseconds/],
    ['sqlite:a.db?busyTimeoutMs=', /milliseconds/],
    ['sqlite:a.db?busyTimeoutMs=-1', /milliseconds/],
    ['sqlite:a.db?mode=ro', /'mode' is no option/],
  ])('%s is refused', (url, reason) => {
    const create = () => adapter.createBroker?.(url, context)
    expect(create).toThrow(TqError)
    expect(create).toThrow(reason)
  })

  test('two spellings of one file are one store; two namespaces are not', () => {
    const real = join(folder, 'real')
    mkdirSync(real)
    symlinkSync(real, join(folder, 'link'))
    const direct = open(`sqlite:${real}/a.db`)
    expect(open(`sqlite:${folder}/link/../link/a.db`).broker.store).toBe(direct.backend.store)
    expect(direct.broker.store).toBe(direct.backend.store)
    const elsewhere = adapter.createBroker?.(`sqlite:${real}/a.db`, { ...context, namespace: 'other' })
    expect(elsewhere?.store).not.toBe(direct.broker.store)
  })
})

describe('files', () => {
  test('a missing folder is made', async () => {
    const { broker } = open(`sqlite:${folder}/one/two/tasks.db`)
    await broker.open()
    await broker.close()
  })

  test('a folder is refused by name', async () => {
    const { broker } = open(`sqlite:${folder}`)
    const opening = broker.open()
    await expect(opening).rejects.toThrow(/is a folder/)
    expect(broker.classify(await opening.catch((error: unknown) => error))).toBe('config')
    await broker.close()
  })

  test.each([
    [
      'text',
      Buffer.from('this is not a database, but a text that is longer than a header of one.'.repeat(20)),
    ],
    ['a cut header', Buffer.from('SQLite format 3\0'.padEnd(200, 'x'))],
  ])('%s in place of a database', async (_, bytes) => {
    const file = join(folder, 'not.db')
    writeFileSync(file, bytes)
    const { broker, backend } = open(`sqlite:${file}`)
    for (const service of [broker, backend]) {
      const error = await service.open().catch((thrown: unknown) => thrown)
      expect(service.classify(error)).toBe('config')
      await service.close()
    }
    expect(readFileSync(file).equals(bytes), 'it was left as it was').toBe(true)
  })

  test('a file in place of its folder', async () => {
    writeFileSync(join(folder, 'plain'), '')
    const { broker } = open(`sqlite:${folder}/plain/tasks.db`)
    await expect(broker.open()).rejects.toThrow()
    await broker.close()
  })

  test("an application's own database keeps its tables", async () => {
    const file = join(folder, 'shared.db')
    const own = new DatabaseSync(file)
    own.exec("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('Ada'); PRAGMA user_version = 7")
    const { broker } = open(`sqlite:${file}`)
    await broker.open()
    await broker.declare({ name: 'q' })
    await broker.close()
    expect(own.prepare('SELECT name FROM users').all()).toHaveLength(1)
    expect(own.prepare('PRAGMA user_version').get()).toEqual({ user_version: 7 })
    own.close()
  })

  test('a file of a newer layout is refused', async () => {
    const file = join(folder, 'newer.db')
    const first = open(`sqlite:${file}`).broker
    await first.open()
    await first.close()
    const own = new DatabaseSync(file)
    own.exec('UPDATE tq_layout SET version = 99')
    own.close()
    const { broker } = open(`sqlite:${file}`)
    await expect(broker.open()).rejects.toThrow(/newer tq/)
    await broker.close()
  })

  test('an instance that could not open can try again', async () => {
    const file = join(folder, 'later.db')
    writeFileSync(file, 'x'.repeat(1_000))
    const { broker } = open(`sqlite:${file}`)
    await expect(broker.open()).rejects.toThrow()
    rmSync(file)
    await broker.open()
    await broker.declare({ name: 'q' })
    await broker.close()
  })
})
