import { after, describe } from 'node:test'
import { newDatabase } from './database.ts'

/** Gives the URL of another empty database with every call. */
export type NewUrl = () => Promise<string>

/**
 * Defines the same tests twice, against SQLite and against PostgreSQL. Every database is gone when the file has ended.
 * @param define begins with what needs a database; what does not, stands before the call and is there once
 */
export async function onEveryDatabase(define: (newUrl: NewUrl) => void | Promise<void>): Promise<void> {
  const first = await newDatabase()
  const skip = 'unavailable' in first ? first.unavailable : false
  const open = 'unavailable' in first ? [] : [first]
  let unused = open.at(0)
  after(() => Promise.all(open.map((database) => database.stop())))
  const onPostgres = async (): Promise<string> => {
    const database = unused ?? (await newDatabase())
    unused = undefined
    if ('unavailable' in database) throw new Error(database.unavailable)
    if (!open.includes(database)) open.push(database)
    return database.url
  }
  // Both at once: a suite that is defined after the first has ended would come too late for the runner.
  const onSqlite = describe('SQLite', () => define(async () => 'sqlite::memory:'))
  // What cannot run must not start its fixtures either.
  const other = skip === false ? describe('PostgreSQL', () => define(onPostgres)) : describe('PostgreSQL', { skip })
  await Promise.all([onSqlite, other])
}
