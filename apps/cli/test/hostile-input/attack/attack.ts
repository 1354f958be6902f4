import assert from 'node:assert/strict'
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { text as readText } from 'node:stream/consumers'
import { createLog, isPlatformError, type Log } from '@landbridge/kernel'
import type fc from 'fast-check'
import type { RawBody } from './bodies.ts'
import type { Route } from './routes.ts'

export interface HostileAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A service under attack, and what a test knows about it. */
export interface Target {
  /** Routes are below it. */
  readonly url: string
  /** PEM of the authority of an https service, and the name in its certificate. */
  readonly ca?: string
  readonly serverName?: string
  readonly routes: readonly Route[]
  /** Credentials that let the request in, so that more than the door is attacked. */
  headers(route: Route): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** Values that exist for a parameter of the path. */
  parameters(route: Route, name: string): readonly string[]
  /** Names and IDs that exist, as members of bodies. */
  readonly known: readonly string[]
  /** What the bodies of an operation look like, where they are no JSON. */
  readonly bodies?: (route: Route) => fc.Arbitrary<RawBody>
  /** Whether an answer above 399 has the form that the API promises. */
  isErrorBody(answer: HostileAnswer, route: Route): boolean
  /** Statuses above 499 that the documentation allows. */
  readonly allowedFailures?: (answer: HostileAnswer, route: Route) => boolean
  /** What no refusal may tell. */
  readonly secrets: readonly string[]
  /** All that is stored. A refused write must leave it as it was. */
  state(): Promise<string>
  /** What the log told that no row of the error catalogue explains. Emptied by whoever reports it. */
  readonly unexplained: string[]
}

export interface Attack {
  readonly route: Route
  /** Path and query as they go out. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The body may be larger than what is read of it: then the connection may end without an answer. */
  readonly isTooLarge?: boolean
}

const longestAnswerMs = 20_000
const stackLine = /\n\s+at .+:\d+:\d+|node_modules|node:internal|\.ts:\d+/

/** Collects what a service fails at without a row of the error catalogue that explains it. */
export function watchfulLog(): { readonly log: Log; readonly unexplained: string[] } {
  const unexplained: string[] = []
  const log = createLog((level, event, facts, cause) => {
    if ((event === 'http.failed' || level === 'error') && !isPlatformError(cause))
      unexplained.push(`${event} ${JSON.stringify(facts)} ${cause instanceof Error ? cause.stack : String(cause)}`)
  })
  return { log, unexplained }
}

/** Sends attacks to one service over few connections, and asserts after each what holds for every answer. */
export class Attacker {
  readonly target: Target
  readonly #agent: HttpAgent | HttpsAgent
  #state: string | undefined
  #running: Promise<void> | undefined

  constructor(target: Target) {
    this.target = target
    const keep = { keepAlive: true, maxSockets: 4 }
    this.#agent = target.url.startsWith('https:') ? new HttpsAgent(keep) : new HttpAgent(keep)
  }

  /** Waits for the attack that is under way: where time is up, nobody else does. */
  async close(): Promise<void> {
    await this.#running
    this.#agent.destroy()
  }

  attack(attack: Attack): Promise<void> {
    const running = this.#attack(attack)
    this.#running = running.catch(() => {})
    return running
  }

  async #attack(attack: Attack): Promise<void> {
    const { target } = this
    const shown = `${attack.route.method} ${attack.path.slice(0, 300)} ${String(attack.body ?? '').slice(0, 600)}`
    this.#state ??= await target.state()
    const answer = await this.#send(attack).catch((failure: Error) => failure)
    assert.deepEqual(target.unexplained.splice(0), [], shown)
    if (answer instanceof Error) {
      assert.ok(attack.isTooLarge === true, `${answer.message}: ${shown}`)
      assert.equal(await target.state(), this.#state, `state after no answer: ${shown}`)
      return
    }
    this.#check(attack.route, answer, shown)
    if (answer.status < 400) this.#state = undefined
    else if (attack.route.method !== 'GET') assert.equal(await target.state(), this.#state, `state after: ${shown}`)
  }

  #check(route: Route, answer: HostileAnswer, shown: string): void {
    const { target } = this
    const told = `${answer.status} ${answer.text.slice(0, 500)}: ${shown}`
    assert.ok(answer.status < 500 || target.allowedFailures?.(answer, route) === true, told)
    if (answer.status < 400) return
    // A condition of the client that does not hold: the contract has no body for it.
    if (answer.status === 412 && answer.text === '') return
    assert.ok(target.isErrorBody(answer, route), `not the error body of this API: ${told}`)
    assert.doesNotMatch(answer.text, stackLine, told)
    for (const secret of target.secrets) assert.ok(!answer.text.includes(secret), `tells a secret: ${told}`)
  }

  async #send({ route, path, headers, body }: Attack): Promise<HostileAnswer> {
    const { target } = this
    const own = await target.headers(route)
    const url = new URL(target.url)
    const isHttps = url.protocol === 'https:'
    return new Promise((resolve, reject) => {
      const sent = (isHttps ? httpsRequest : httpRequest)(
        {
          host: url.hostname,
          port: url.port,
          method: route.method,
          path,
          agent: this.#agent,
          ...(target.ca === undefined ? {} : { ca: target.ca }),
          ...(target.serverName === undefined ? {} : { servername: target.serverName }),
          headers: {
            host: target.serverName ?? url.host,
            ...own,
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
          signal: AbortSignal.timeout(longestAnswerMs),
        },
        (response) => {
          // A stream of events has no end of its own: its head is the answer.
          if (/ndjson|event-stream/.test(response.headers['content-type'] ?? '')) {
            response.destroy()
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '' })
            return
          }
          readText(response).then(
            (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
            reject,
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }
}
