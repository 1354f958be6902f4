import { EventEmitter } from 'node:events'
import { isPlatformError, type Log, PlatformError } from '@landbridge/kernel'
import pg from 'pg'
import { shareKeys } from './key-lock.ts'

/** Messages between replicas: "what you read before may be stale". Delivery is at most once; readers also poll. */
export interface Bus {
  publish(channel: string, message: string): Promise<void>
  /** @returns a function that ends the subscription. */
  subscribe(channel: string, listener: (message: string) => void): () => void
  close(): Promise<void>
}

/** For SQLite, where there is one process. */
export class LocalBus implements Bus {
  readonly #emitter: EventEmitter

  constructor() {
    this.#emitter = new EventEmitter().setMaxListeners(0)
  }

  async publish(channel: string, message: string): Promise<void> {
    this.#emitter.emit(channel, message)
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    this.#emitter.on(channel, listener)
    return () => void this.#emitter.off(channel, listener)
  }

  async close(): Promise<void> {
    this.#emitter.removeAllListeners()
  }
}

/**
 * PostgreSQL LISTEN/NOTIFY on a connection of its own, which is re-established when it breaks. It lives as long as the
 * process, so it also says that the process uses the keys of the database.
 */
export class PostgresBus implements Bus {
  readonly #url: string
  readonly #log: Log
  readonly #local: LocalBus
  readonly #channels: Set<string>
  #client: Promise<pg.Client> | null
  #closed: boolean
  #last: Promise<unknown>
  #usesKeys: boolean

  constructor(url: string, log: Log) {
    this.#url = url
    this.#log = log
    this.#local = new LocalBus()
    this.#channels = new Set()
    this.#client = null
    this.#closed = false
    this.#last = Promise.resolve()
    this.#usesKeys = false
  }

  /** From now on no rotation may drop a key. @throws PlatformError STORE_KEYS_CHANGING while one does */
  async useKeys(): Promise<void> {
    this.#usesKeys = true
    await this.#connect()
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.#ask((client) => client.query('SELECT pg_notify($1, $2)', [channel, message]))
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    this.#channels.add(channel)
    this.#ask((client) => client.query(`LISTEN ${pg.escapeIdentifier(channel)}`)).catch((cause) =>
      this.#log.warn('store.bus.listen-failed', { channel }, cause),
    )
    return this.#local.subscribe(channel, listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#client?.catch(() => null)
    await client?.end()
    await this.#local.close()
  }

  /** One question after the other: the driver no longer queues them by itself from its version 9 on. */
  #ask(question: (client: pg.Client) => Promise<unknown>): Promise<unknown> {
    const answer = this.#last.then(async () => question(await this.#connect()))
    this.#last = answer.catch(() => {})
    return answer
  }

  #connect(): Promise<pg.Client> {
    this.#client ??= this.#open().catch((cause: unknown) => {
      this.#client = null
      throw cause
    })
    return this.#client
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url })
    client.on('error', (cause) => this.#log.warn('store.bus.broken', {}, cause))
    client.on('notification', (note) => void this.#local.publish(note.channel, note.payload ?? ''))
    await client.connect()
    try {
      if (this.#usesKeys && !(await shareKeys(client))) throw new PlatformError('STORE_KEYS_CHANGING')
      for (const channel of this.#channels) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
    } catch (failure) {
      await client.end()
      throw failure
    }
    client.on('end', () => this.#reopen())
    return client
  }

  #reopen(): void {
    this.#client = null
    if (this.#closed || (this.#channels.size === 0 && !this.#usesKeys)) return
    setTimeout(() => {
      if (!this.#closed)
        this.#connect().catch((cause) => {
          if (isPlatformError(cause, 'STORE_KEYS_CHANGING')) this.#log.error('store.keys-changing', {}, cause)
          this.#reopen()
        })
    }, 1_000).unref()
  }
}
