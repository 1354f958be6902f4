import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * The user for whom work is being done. What the work starts (promises, timers, events of its own sockets) has the same
 * user; a worker or a queue that was started elsewhere has none, until it says so itself (guide L14963).
 */
export class UserContext {
  readonly #storage: AsyncLocalStorage<string | undefined>

  constructor() {
    this.#storage = new AsyncLocalStorage()
  }

  get userToken(): string | undefined {
    return this.#storage.getStore()
  }

  run<T>(userToken: string | undefined, work: () => T): T {
    return this.#storage.run(userToken, work)
  }
}
