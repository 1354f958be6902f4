import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Clock, type Log, PlatformError, type Sealer } from '@landbridge/kernel'
import { type Dialect, Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { type Bus, LocalBus, PostgresBus } from './bus.ts'
import { toStoreError } from './errors.ts'
import { openSqlite } from './sqlite.ts'
import { TextClient } from './text-client.ts'

// 64-bit integers hold milliseconds and counters here, all below 2^53: read them as numbers on both databases.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

export type StoreKind = 'sqlite' | 'postgres'

/** What every repository needs. `DB` is the set of tables that its area owns. */
export interface Store<DB> {
  readonly kind: StoreKind
  readonly db: Kysely<DB>
  readonly bus: Bus
  readonly sealer: Sealer
  readonly clock: Clock
  close(): Promise<void>
}

export interface StoreOptions {
  /** `sqlite:<path>` or a `postgres://` URL. */
  readonly url: string
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Log
  /** All migrations by name; names sort in the order of their creation and never change. */
  readonly migrations: Readonly<Record<string, Migration>>
  /** Leaves the schema as it is, also when it is older, for work on the keys; a newer one is refused all the same. */
  readonly leaveSchema?: boolean
}

/**
 * Opens the database and brings its schema up to date.
 * @throws PlatformError STORE_NEWER when a newer version of the platform wrote the data, STORE_KEYS_CHANGING, STORE_FULL,
 * STORE_UNUSABLE
 */
export async function openStore<DB>(options: StoreOptions): Promise<Store<DB>> {
  const { kind, dialect, bus, useKeys } = connecting(options)
  const db = new Kysely<DB>({ dialect })
  try {
    if (options.leaveSchema !== true) await useKeys()
    await migrate(db, options)
  } catch (failure) {
    await bus.close()
    await db.destroy()
    throw unusable(failure, options)
  }
  return {
    kind,
    db,
    bus,
    sealer: options.sealer,
    clock: options.clock,
    async close() {
      await bus.close()
      await db.destroy()
    },
  }
}

function connecting(options: StoreOptions): ReturnType<typeof connect> {
  try {
    return connect(options)
  } catch (failure) {
    throw unusable(failure, options)
  }
}

/** Nothing of it is a fault of the program: the database is away, damaged or belongs to somebody else. */
function unusable(failure: unknown, options: StoreOptions): PlatformError {
  const told = toStoreError(failure)
  if (told === failure || told.code === 'STORE_FULL') return told
  const reason = failure instanceof Error ? failure.message || String((failure as { code?: unknown }).code) : 'unknown'
  return new PlatformError('STORE_UNUSABLE', { database: withoutPassword(options.url), reason }, { cause: failure })
}

/** Passwords stand before the host or behind the path; of what is no URL nothing can be told from a password. */
function withoutPassword(url: string): string {
  if (url.startsWith('sqlite:')) return url
  const { protocol, host, pathname } = URL.parse(url) ?? {
    protocol: url.slice(0, url.indexOf(':') + 1),
    host: '…',
    pathname: '',
  }
  return `${protocol}//${host}${pathname}`
}

interface Connected {
  readonly kind: StoreKind
  readonly dialect: Dialect
  readonly bus: Bus
  /** Keeps the keys of the database from being dropped. @throws PlatformError STORE_KEYS_CHANGING */
  useKeys(): Promise<void>
}

function connect(options: StoreOptions): Connected {
  if (options.url.startsWith('sqlite:')) {
    const path = options.url.slice('sqlite:'.length)
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return { kind: 'sqlite', dialect: openSqlite(path).dialect, bus: new LocalBus(), useKeys: async () => {} }
  }
  const pool = new pg.Pool({ connectionString: options.url, max: 10, Client: TextClient })
  pool.on('error', (cause) => options.log.warn('store.connection.lost', {}, cause))
  const bus = new PostgresBus(options.url, options.log)
  return { kind: 'postgres', dialect: new PostgresDialect({ pool }), bus, useKeys: () => bus.useKeys() }
}

async function migrate<DB>(db: Kysely<DB>, options: StoreOptions): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...options.migrations }) },
    migrationTableName: 'landbridge_migration',
    migrationLockTableName: 'landbridge_migration_lock',
    allowUnorderedMigrations: true,
  })
  const unknown = await unknownMigration(db, options.migrations)
  if (unknown !== undefined)
    throw new PlatformError('STORE_NEWER', {
      path: withoutPassword(options.url),
      found: unknown,
      supported: Object.keys(options.migrations).sort().at(-1),
    })
  if (options.leaveSchema === true) return
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

async function unknownMigration<DB>(
  db: Kysely<DB>,
  known: Readonly<Record<string, Migration>>,
): Promise<string | undefined> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'landbridge_migration')) return undefined
  const { rows } = await sql<{ name: string }>`SELECT name FROM landbridge_migration ORDER BY name`.execute(db)
  return rows.map((row) => row.name).find((name) => !(name in known))
}
