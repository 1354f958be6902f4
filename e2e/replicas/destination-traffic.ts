import assert from 'node:assert/strict'
import { callJson, type JsonAnswer } from '@landbridge/testkit'

/** Base addresses of the services of one replica. */
export type ReplicaUrls = Readonly<Record<string, string>>

/**
 * Applications that all the time get tokens and write, read, change and delete destinations, each call at the next
 * replica in turn. As with any load balancer, a replica is taken out before it is stopped.
 */
export class DestinationTraffic {
  readonly #client: { readonly clientid: string; readonly clientsecret: string }
  readonly #ca: string
  readonly #open: Set<Promise<unknown>>
  readonly #waiting: Set<{ rounds: number; done: () => void }>
  readonly #workers: Promise<unknown>
  #replicas: readonly ReplicaUrls[]
  #failure: unknown
  #isOver: boolean

  constructor(replicas: readonly ReplicaUrls[], client: { clientid: string; clientsecret: string }, ca: string) {
    this.#client = client
    this.#ca = ca
    this.#open = new Set()
    this.#waiting = new Set()
    this.#replicas = replicas
    this.#failure = undefined
    this.#isOver = false
    this.#workers = Promise.all(['a', 'b'].map((worker) => this.#work(worker)))
  }

  add(replica: ReplicaUrls): void {
    this.#replicas = [...this.#replicas, replica]
  }

  /** From now on nobody calls it; resolves when the calls under way have ended. */
  async remove(replica: ReplicaUrls): Promise<void> {
    this.#replicas = this.#replicas.filter((one) => one !== replica)
    await Promise.allSettled(this.#open)
  }

  /** Waits until that many more rounds have been run without a failure. @throws what failed */
  async rounds(rounds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add({ rounds, done: resolve })
    if (this.#isOver) resolve()
    await promise
    if (this.#failure !== undefined) throw this.#failure
  }

  /** @throws what failed */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#workers
    if (this.#failure !== undefined) throw this.#failure
  }

  async #work(worker: string): Promise<void> {
    try {
      for (let round = 0; !this.#isOver; round++) {
        await this.#round(`live-${worker}-${round}`, round)
        for (const waiting of this.#waiting) if (--waiting.rounds <= 0) this.#leave(waiting)
      }
    } catch (failure) {
      this.#failure ??= failure
      this.#isOver = true
    }
    if (this.#isOver) for (const waiting of this.#waiting) this.#leave(waiting)
  }

  #leave(waiting: { rounds: number; done: () => void }): void {
    this.#waiting.delete(waiting)
    waiting.done()
  }

  async #round(Name: string, round: number): Promise<void> {
    // Of its own: two workers that share one would each stay with a replica.
    let turn = round
    const { clientid: client_id, clientsecret: client_secret } = this.#client
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret })
    const granted = await this.#call(turn++, 'token-service', { path: '/oauth/token', method: 'POST', body }, 200)
    const headers = { authorization: `Bearer ${granted.json.access_token}` }
    const entry = { Name, Type: 'HTTP', URL: 'http://x.test', Authentication: 'BasicAuthentication', User: 'u' }
    const configuration = (path: string, method: string, status: number, sent?: object) => {
      const call = { path: `/destination-configuration/v1${path}`, method, headers }
      return this.#call(turn++, 'destination-service', sent === undefined ? call : { ...call, body: sent }, status)
    }
    for (const [method, status, Password] of [
      ['POST', 201, 'first'],
      ['PUT', 200, 'second'],
    ] as const) {
      await configuration('/subaccountDestinations', method, status, { ...entry, Password })
      const found = await configuration(`/destinations/${Name}`, 'GET', 200)
      assert.equal(found.json.destinationConfiguration.Password, Password)
    }
    const kept = await configuration('/destinations/kept', 'GET', 200)
    assert.equal(kept.json.destinationConfiguration.Password, 'written before')
    await configuration(`/subaccountDestinations/${Name}`, 'DELETE', 200)
  }

  async #call(
    turn: number,
    service: string,
    call: { path: string; method: string; headers?: Record<string, string>; body?: object },
    status: number,
  ): Promise<JsonAnswer> {
    const replica = this.#replicas[turn % this.#replicas.length]
    const { path, ...rest } = call
    const answer = callJson({ ...rest, url: `${replica?.[service]}${path}`, ca: this.#ca })
    this.#open.add(answer)
    try {
      const got = await answer
      assert.equal(got.status, status, `${call.method} ${path}: ${got.text}`)
      return got
    } finally {
      this.#open.delete(answer)
    }
  }
}
