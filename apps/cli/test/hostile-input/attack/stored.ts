import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'

/** Reads everything in a database, past the code under test, as a text to compare. */
export interface Stored {
  readAll(): Promise<string>
  /** Tables in which a row contains this text. */
  tablesWith(text: string): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * @param url `sqlite:<path>` of a file or a `postgres://` URL; its tables are all there
 * @param without tables that are not read
 */
export async function openStored(url: string, without: readonly string[] = []): Promise<Stored> {
  return url.startsWith('sqlite:') ? inSqlite(url.slice('sqlite:'.length), without) : inPostgres(url, without)
}

function inSqlite(path: string, without: readonly string[]): Stored {
  const database = new DatabaseSync(path, { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
  const reads = tables
    .map(({ name }) => String(name))
    .filter((name) => !without.includes(name))
    .map((name) => ({ name, all: database.prepare(`SELECT * FROM "${name}"`) }))
  return {
    async readAll() {
      const lines: unknown[] = []
      for (const { name, all } of reads) {
        const rows = all.all().map((row) => JSON.stringify(row))
        lines.push(name, ...rows.sort())
      }
      return lines.join('\n')
    },
    tablesWith: async (text) =>
      reads.filter(({ all }) => JSON.stringify(all.all()).includes(text)).map(({ name }) => name),
    async close() {
      database.close()
    },
  }
}

/** The server makes a digest of each table, in one round trip: rows would travel for nothing. */
async function inPostgres(url: string, without: readonly string[]): Promise<Stored> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const found = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
  const names = found.rows.map((row) => String(row.tablename)).filter((name) => !without.includes(name))
  const digests = names.map(
    (name) => `SELECT '${name}' AS name, md5(string_agg(t::text, ';' ORDER BY t::text)) AS digest FROM "${name}" t`,
  )
  const all = digests.join(' UNION ALL ')
  return {
    readAll: async () => (await client.query(all)).rows.map((row) => `${row.name} ${row.digest}`).join('\n'),
    async tablesWith(text) {
      const found: string[] = []
      for (const name of names) {
        const rows = await client.query(`SELECT 1 FROM "${name}" t WHERE strpos(t::text, $1) > 0 LIMIT 1`, [text])
        if (rows.rowCount !== 0) found.push(name)
      }
      return found
    },
    close: () => client.end(),
  }
}
