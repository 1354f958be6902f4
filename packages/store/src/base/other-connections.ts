import { sql } from 'kysely'
import type { Store } from './open.ts'

/** How many connections of the same database user are open besides the one that asks. SQLite: 0, nobody can tell. */
export async function otherConnections<DB>({ kind, db }: Store<DB>): Promise<number> {
  if (kind === 'sqlite') return 0
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()`.execute(db)
  return Number(rows[0]?.count ?? 0)
}
