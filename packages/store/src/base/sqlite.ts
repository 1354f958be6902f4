import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import { rethrow } from './errors.ts'

/** Statements that are kept compiled: more than the code has, fewer than memory minds. */
const keptStatements = 500

/** A statement of `node:sqlite` in the shape that Kysely's SQLite dialect drives. */
class Statement implements SqliteStatement {
  readonly reader: boolean
  readonly #statement: StatementSync

  constructor(statement: StatementSync) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    try {
      return this.#statement.all(...(parameters as SQLInputValue[]))
    } catch (thrown) {
      return rethrow(thrown)
    }
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    try {
      return this.#statement.run(...(parameters as SQLInputValue[]))
    } catch (thrown) {
      return rethrow(thrown)
    }
  }

  /** Not there: a statement is shared, and must be over when it returns. */
  iterate(): never {
    throw new TypeError('this database does not stream rows')
  }
}

/**
 * Opens an SQLite file so that an acknowledged write survives `kill -9` and power loss: write-ahead log with
 * `synchronous=FULL` (SQLite documentation, "Atomic commit" and "WAL").
 */
export function openSqlite(path: string): { dialect: SqliteDialect; database: DatabaseSync } {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON')
  const statements = new Map<string, Statement>()
  const prepare = (sql: string): Statement => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = new Statement(database.prepare(sql))
    // Lists of any length make texts without end.
    if (statements.size === keptStatements) statements.clear()
    statements.set(sql, statement)
    return statement
  }
  const adapted: SqliteDatabase = {
    // SQLite itself rolls back on a full disk; a second rollback would fail and hide the reason.
    prepare: (sql) => prepare(sql === 'rollback' && !database.isTransaction ? 'SELECT 1' : sql),
    close: () => database.close(),
  }
  return { dialect: new SqliteDialect({ database: adapted }), database }
}
