import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Clock, sleep, TqError } from '@tq/core/driver'
import { Checkpointer } from './checkpointer.ts'
import { isBusy } from './classify.ts'
import { Database } from './database.ts'
import type { ResolvedOptions } from './options.ts'
import { prepareSchema } from './schema.ts'
import { Sweeper } from './sweeper.ts'
import { Syncer } from './syncer.ts'
import { Transaction } from './transaction.ts'
import { Wakeups } from './wakeups.ts'
import { WallTime } from './wall-time.ts'
import { WriteQueue } from './write-queue.ts'

/** How long SQLite itself may sleep, blocking the event loop, before a change waits off the loop instead. */
const blockingMs = 1

const settings = `
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16384;
PRAGMA journal_size_limit = 67108864;
`

/**
 * One open file, shared by all brokers and backends of this process that use it with the same options: their
 * changes go into one transaction, and they wake each other at once. Quiet while nobody asks or waits.
 */
export class Connection {
  readonly clock: Clock
  readonly options: ResolvedOptions
  readonly time: WallTime
  readonly wakeups: Wakeups
  readonly #database: Database
  readonly #writes: WriteQueue
  readonly #syncer: Syncer | undefined
  readonly #sweeper: Sweeper

  private constructor(database: Database, options: ResolvedOptions, clock: Clock) {
    this.#database = database
    this.options = options
    this.clock = clock
    this.time = new WallTime(clock)
    const version = () => database.get<{ data_version: number }>('PRAGMA data_version')?.data_version ?? 0
    this.wakeups = new Wakeups(options.file, clock, version)
    if (options.synchronous === 'full') this.#syncer = new Syncer(options.file, clock, version)
    const transaction = new Transaction(database, this.time, this.wakeups)
    const checkpointer = new Checkpointer(database, clock)
    const { busyTimeoutMs } = options
    this.#writes = new WriteQueue(database, transaction, clock, busyTimeoutMs, this.#syncer, checkpointer)
    this.#sweeper = new Sweeper(clock, (sweep) => this.#writes.add(false, sweep))
  }

  /** Creates file and folder where they are missing. */
  static async open(options: ResolvedOptions, clock: Clock): Promise<Connection> {
    refuseFolder(options.file)
    mkdirSync(dirname(options.file), { recursive: true })
    const database = await patiently(options, clock, () => {
      const opened = new Database(options.file, blockingMs)
      try {
        opened.exec(settings)
        prepareSchema(opened)
        // A file that cannot be written is an error now, not at the first task.
        opened.exec('BEGIN IMMEDIATE; ROLLBACK')
        return opened
      } catch (error) {
        opened.close()
        throw error
      }
    })
    return new Connection(database, options, clock)
  }

  /**
   * Changes the file, together with all other changes of this turn of the event loop.
   *
   * @param durable what it answers has to survive a power cut
   * @param run may run more than once; see `WriteQueue.add`
   */
  write<T>(durable: boolean, run: (transaction: Transaction) => T): Promise<T> {
    this.#sweeper.wrote()
    return this.#writes.add(durable, run)
  }

  /** Reads what is committed, at once unless the file is locked. */
  async read<T>(run: (database: Database, now: number) => T): Promise<T> {
    try {
      return run(this.#database, this.time.now())
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    return await patiently(this.options, this.clock, () => run(this.#database, this.time.now()))
  }

  /** Resolves when all that was read before survives a power cut; undefined when it does already. */
  durable(): Promise<void> | undefined {
    return this.#syncer?.pending()
  }

  /** Lets what was asked be done, then closes the file. */
  async close(): Promise<void> {
    this.#sweeper.close()
    await this.#writes.drain()
    this.wakeups.close()
    this.#syncer?.close()
    this.#database.close()
  }
}

/** Tries again, off the event loop, while another process keeps the file locked. */
async function patiently<T>({ busyTimeoutMs }: ResolvedOptions, clock: Clock, attempt: () => T): Promise<T> {
  const until = clock.monotonic() + busyTimeoutMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() > until) throw error
    }
    await sleep(clock, 1 + Math.random() * 10)
  }
}

function refuseFolder(file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isDirectory()) return
  throw new TqError('INVALID_OPTION', `'${file}' is a folder. Name a file: sqlite:${file}/tq.db`, {
    details: { file },
  })
}
