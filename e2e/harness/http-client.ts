import { Agent, type IncomingMessage, request } from 'node:http'
import { type Landscape, webHost } from './landscape.ts'

export interface ProxyCall {
  readonly token?: string
  readonly locationId?: string
  readonly port?: number
  readonly agent?: Agent
  readonly body?: string
  readonly deadlineMs?: number
}

/** What became of one request. `broken`: the connection ended without a whole answer. */
export type Outcome =
  | { readonly kind: 'answer'; readonly status: number; readonly code: string; readonly body: string }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'hang' }

/** Sends one request through the proxy and reads the whole answer. Never rejects. */
export function callWeb(landscape: Landscape, path: string, call: ProxyCall = {}): Promise<Outcome> {
  const { token = landscape.token(), port = landscape.cloud.ready.httpPort } = call
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer)
      resolve(outcome)
    }
    const timer = setTimeout(() => {
      settle({ kind: 'hang' })
      sent.destroy()
    }, call.deadlineMs ?? 30_000)
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method: call.body === undefined ? 'GET' : 'POST',
        path: `http://${webHost}${path}`,
        agent: call.agent ?? false,
        headers: {
          host: webHost,
          'proxy-authorization': `Bearer ${token}`,
          ...(call.locationId === undefined ? {} : { 'SAP-Connectivity-SCC-Location_ID': call.locationId }),
        },
      },
      (answer) => readAnswer(answer).then(settle),
    )
    sent.on('error', (failure) => settle({ kind: 'broken', reason: failure.message }))
    sent.end(call.body)
  })
}

function readAnswer(answer: IncomingMessage): Promise<Outcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('error', (failure) => resolve({ kind: 'broken', reason: failure.message }))
    answer.on('end', () =>
      resolve({
        kind: 'answer',
        status: answer.statusCode ?? 0,
        code: String(answer.headers['x-landbridge-error'] ?? ''),
        body: Buffer.concat(chunks).toString('latin1'),
      }),
    )
  })
}

/** Whether this is the backend's own and whole answer to `/echo/<text>` or `/hold/<text>`. */
export function isEcho(outcome: Outcome, text: string): boolean {
  return (
    outcome.kind === 'answer' && outcome.status === 200 && outcome.body === text.repeat(Math.ceil(4_096 / text.length))
  )
}

export interface LoadResult {
  good: number
  /** Answered 502, 503 or 504 with an error code, or a connection that was closed. */
  refused: number
  /** Neither: what must never happen, described. */
  readonly wrong: string[]
}

/** Requests on `connections` keep-alive connections, each sending the next as soon as it has the answer. */
export class Load {
  readonly result: LoadResult
  readonly #landscape: Landscape
  readonly #workers: Promise<void>[]
  readonly #agent: Agent
  #isStopped: boolean
  #next: number

  constructor(landscape: Landscape, connections = 32) {
    this.result = { good: 0, refused: 0, wrong: [] }
    this.#landscape = landscape
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
    this.#isStopped = false
    this.#next = 0
    const token = landscape.token()
    this.#workers = Array.from({ length: connections }, () => this.#work(token))
  }

  /** Every request that was sent is answered or failed when this resolves. */
  async stop(): Promise<LoadResult> {
    this.#isStopped = true
    await Promise.all(this.#workers)
    this.#agent.destroy()
    return this.result
  }

  async #work(token: string): Promise<void> {
    while (!this.#isStopped) {
      const text = `request-${this.#next++}.`
      const outcome = await callWeb(this.#landscape, `/echo/${text}`, { token, agent: this.#agent })
      if (isEcho(outcome, text)) this.result.good++
      else if (isCleanFailure(outcome)) {
        this.result.refused++
        // A refused connection fails at once: without a pause the test would do nothing but ask.
        await new Promise((resolve) => setTimeout(resolve, 10))
      } else this.result.wrong.push(JSON.stringify(outcome).slice(0, 300))
    }
  }
}

function isCleanFailure(outcome: Outcome): boolean {
  if (outcome.kind === 'broken') return true
  return outcome.kind === 'answer' && [502, 503, 504].includes(outcome.status) && outcome.code !== ''
}
