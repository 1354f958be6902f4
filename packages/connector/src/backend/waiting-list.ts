import type { BackendConnection } from './backend-connection.ts'

/**
 * Connections that wait for their next request, the longest waiting first. The links are in the connections: joining and
 * leaving, which every request does once each, need no table.
 */
export class WaitingList {
  #oldest: BackendConnection | null
  #newest: BackendConnection | null
  #size: number

  constructor() {
    this.#oldest = null
    this.#newest = null
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  /** The one that has waited longest. */
  get oldest(): BackendConnection | null {
    return this.#oldest
  }

  /** @param connection waits nowhere yet. */
  add(connection: BackendConnection): void {
    connection.waitsIn = this
    connection.older = this.#newest
    if (this.#newest === null) this.#oldest = connection
    else this.#newest.newer = connection
    this.#newest = connection
    this.#size += 1
  }

  /** @param connection waits in this list. */
  remove(connection: BackendConnection): void {
    const { older, newer } = connection
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
    connection.waitsIn = null
    connection.older = null
    connection.newer = null
    this.#size -= 1
  }
}
