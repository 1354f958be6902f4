import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'

/** A statement of `node:sqlite` in the shape that Kysely's SQLite dialect drives. */
class Statement implements SqliteStatement {
  readonly reader: boolean
  readonly #statement: StatementSync

  constructor(statement: StatementSync) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]))
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[]))
  }
}

/**
 * Opens an SQLite file so that an acknowledged write survives `kill -9` and power loss: write-ahead log with
 * `synchronous=FULL` (SQLite documentation, "Atomic commit" and "WAL").
 */
export function openSqlite(path: string): { dialect: SqliteDialect; database: DatabaseSync } {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON')
  const adapted: SqliteDatabase = {
    // SQLite itself rolls back on a full disk; a second rollback would fail and hide the reason.
    prepare: (sql) => new Statement(database.prepare(sql === 'rollback' && !database.isTransaction ? 'SELECT 1' : sql)),
    close: () => database.close(),
  }
  return { dialect: new SqliteDialect({ database: adapted }), database }
}
