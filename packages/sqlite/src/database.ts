import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

type SqliteModule = typeof import('node:sqlite')

/**
 * An open file: one connection with its statements, prepared once. Everything in here is synchronous and blocks
 * its thread; it knows nothing of queues or tasks. Also used by the keeper, in a thread of its own.
 */
export class Database {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #listing = new Map<string, StatementSync>()

  /**
   * @param busyMs How long SQLite itself may sleep, blocking this thread, before it reports that the file is locked.
   */
  constructor(file: string, busyMs: number) {
    const { DatabaseSync } = loadSqlite()
    this.#database = new DatabaseSync(file, { timeout: busyMs })
    // Commits write the log and do not wait for the disk; whoever needs that syncs the log afterwards (`Syncer`).
    this.#database.exec('PRAGMA synchronous = NORMAL')
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** Runs a change and says how many rows it touched. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#prepare(sql).run(...values).changes as number
  }

  /** Rows as objects. The type is the caller's word for what the SQL selects. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /** Rows as lists, in the order of the columns: faster than objects where there are many. */
  lists<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Row[] {
    const known = this.#listing.get(sql)
    if (known) return known.all(...values) as unknown as Row[]
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    this.#listing.set(sql, statement)
    return statement.all(...values) as unknown as Row[]
  }

  /** The first row. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    this.#statements.clear()
    this.#listing.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

let sqlite: SqliteModule | undefined

/**
 * Node 22 warns that `node:sqlite` is experimental when it is first loaded. Users of a task queue can do nothing
 * about that, so this one warning is dropped, at the one moment it can come; every other one passes.
 */
function loadSqlite(): SqliteModule {
  if (sqlite) return sqlite
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (String(warning).includes('SQLite is an experimental feature')) return
    emitWarning.call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    sqlite = process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
  return sqlite
}
