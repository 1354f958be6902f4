import { after, describe } from 'node:test'
import { newDatabase } from './database.ts'
import { temporaryFolder } from './temp.ts'

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

/** One of the databases that a store must work on; `skip` says why it cannot run on this machine. */
export interface TestDatabase {
  readonly name: 'SQLite' | 'PostgreSQL'
  readonly url: string
  readonly skip: string | false
}

/** An empty SQLite file and an empty database in PostgreSQL, both gone when the file has ended. */
export async function everyDatabase(): Promise<readonly TestDatabase[]> {
  const folder = temporaryFolder()
  const postgres = await newDatabase()
  after(async () => {
    if ('url' in postgres) await postgres.stop()
    folder[Symbol.dispose]()
  })
  const [url, skip] = 'url' in postgres ? ([postgres.url, false] as const) : (['', postgres.unavailable] as const)
  return [
    { name: 'SQLite', url: `sqlite:${folder.path}/a.db`, skip: false },
    { name: 'PostgreSQL', url, skip },
  ]
}
