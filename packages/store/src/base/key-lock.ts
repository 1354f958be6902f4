import pg from 'pg'

/** Of the advisory lock of a database: "land" and "keys". */
const lock = '1818324580, 1801812339'

/** Those of the same user, also of a version without the lock, and those of any user that hold the lock. */
const countOthers = `SELECT count(*) AS count FROM (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
    UNION SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (${lock}) AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ) AS other WHERE pid <> pg_backend_pid()`

/** Keeps processes from starting on a database while its keys are changed. */
export interface KeyLock {
  /** Connections of others; above 0 the lock may not be held, and the keys must not be changed. */
  readonly others: number
  /** Is it still held? It ends with its connection. @throws Error when that is gone */
  assertHeld(): Promise<void>
  close(): Promise<void>
}

/**
 * Says that a process uses the keys of a database, as long as the connection lives.
 * @returns false while the keys are changed
 */
export async function shareKeys(client: pg.Client): Promise<boolean> {
  return isTaken(await client.query(`SELECT pg_try_advisory_lock_shared(${lock}) AS taken`))
}

/** Takes the keys of a database for one process. SQLite: nothing to take, the data directory has a lock of its own. */
export async function lockKeys(url: string): Promise<KeyLock> {
  if (url.startsWith('sqlite:')) return { others: 0, assertHeld: async () => {}, close: async () => {} }
  const client = new pg.Client({ connectionString: url })
  // A broken connection is told by the next question.
  client.on('error', () => {})
  await client.connect()
  try {
    const taken = isTaken(await client.query(`SELECT pg_try_advisory_lock(${lock}) AS taken`))
    const { rows } = await client.query<{ count: number }>(countOthers)
    const others = Number(rows[0]?.count ?? 0)
    return {
      others: taken ? others : Math.max(1, others),
      async assertHeld() {
        await client.query('SELECT 1')
      },
      close: () => client.end(),
    }
  } catch (failure) {
    await client.end()
    throw failure
  }
}

function isTaken({ rows }: pg.QueryResult<{ taken: boolean }>): boolean {
  return rows[0]?.taken === true
}
