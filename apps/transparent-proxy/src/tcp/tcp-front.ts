import { type Closeable, closeAll } from '@landbridge/kernel'
import { addressOfEntry, type Entry } from '../entries/entry.ts'
import { TcpEntry, type TcpEntryOptions } from './tcp-entry.ts'

/** The listeners of TCP entries. */
export class TcpFront implements Closeable {
  readonly #options: TcpEntryOptions
  readonly #open: Map<string, TcpEntry>

  constructor(options: TcpEntryOptions) {
    this.#options = options
    this.#open = new Map()
  }

  /** Closes what is gone or has changed, opens what is new; the others keep their connections. @throws PORT_IN_USE */
  async replace(entries: readonly Entry[]): Promise<void> {
    const wanted = new Map(entries.filter(({ kind }) => kind === 'tcp').map((entry) => [JSON.stringify(entry), entry]))
    const gone = [...this.#open].filter(([key]) => !wanted.has(key))
    for (const [key] of gone) this.#open.delete(key)
    await closeAll(gone.map(([, listener]) => listener))
    for (const [key, entry] of wanted)
      if (!this.#open.has(key)) this.#open.set(key, await TcpEntry.open(entry, this.#options))
  }

  /** Address of an entry by port, for the start message and for tests with port 0. */
  get ports(): ReadonlyMap<string, number> {
    return new Map([...this.#open.values()].map(({ entry, port }) => [addressOfEntry(entry), port]))
  }

  async close(): Promise<void> {
    await closeAll([...this.#open.values()])
    this.#open.clear()
  }
}
