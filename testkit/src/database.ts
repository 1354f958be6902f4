import { randomBytes } from 'node:crypto'
import { startPostgres, type TestPostgres, type Unavailable } from './postgres.ts'

/** What `npm test` tells its test files about the cluster that it started for all of them. */
export const clusterUrlVariable = 'LANDBRIDGE_TEST_POSTGRES'
export const clusterUnavailableVariable = 'LANDBRIDGE_TEST_POSTGRES_UNAVAILABLE'

/**
 * An empty database, gone after `stop()`, in the PostgreSQL cluster of this test run. A file that is run by itself gets
 * a cluster of its own. Tests that stop or kill the server itself use `startPostgres`.
 * @returns the database, or the reason why none can run on this machine: skip the test with it.
 */
export async function newDatabase(): Promise<TestPostgres | Unavailable> {
  const unavailable = process.env[clusterUnavailableVariable]
  if (unavailable !== undefined) return { unavailable }
  const cluster = process.env[clusterUrlVariable]
  return cluster === undefined ? databaseInOwn() : databaseIn(cluster)
}

/** The cluster of this process, from its first database to its last. */
let own: Promise<TestPostgres | Unavailable> | undefined
let openInOwn = 0

async function databaseInOwn(): Promise<TestPostgres | Unavailable> {
  openInOwn += 1
  own ??= startPostgres()
  const cluster = await own
  if ('unavailable' in cluster) return cluster
  const database = await databaseIn(cluster.url)
  return {
    url: database.url,
    async stop() {
      await database.stop()
      openInOwn -= 1
      if (openInOwn > 0) return
      own = undefined
      await cluster.stop()
    },
  }
}

async function databaseIn(cluster: string): Promise<TestPostgres> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await queryDatabase(cluster, `CREATE DATABASE ${name}`)
  const url = new URL(cluster)
  url.pathname = `/${name}`
  return {
    url: url.href,
    // By force: what a failed test left open must not keep the run from its end.
    async stop() {
      await queryDatabase(cluster, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

/** Runs one statement on a connection of its own, past the code under test. @returns its rows */
export async function queryDatabase(url: string, statement: string): Promise<readonly object[]> {
  // Loaded only here: most tests need no database.
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
