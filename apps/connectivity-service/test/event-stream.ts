import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Platform } from './platform.ts'

export type TunnelEvent = { readonly type: string; readonly [field: string]: unknown }

/** The event stream of a proxy, read line by line. */
export class EventStream {
  readonly #request: ClientRequest
  readonly #events: TunnelEvent[]
  readonly #waiting: (() => void)[]
  #isOver: boolean
  /** Resolves when the service ended the stream. */
  readonly ended: Promise<void>

  constructor(outgoing: ClientRequest, incoming: IncomingMessage) {
    this.#request = outgoing
    this.#events = []
    this.#waiting = []
    this.#isOver = false
    let text = ''
    incoming.setEncoding('utf8')
    incoming.on('error', () => {})
    incoming.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.#events.push(JSON.parse(line) as TunnelEvent)
      this.#wake()
    })
    this.ended = new Promise((resolve) =>
      incoming.once('close', () => {
        this.#isOver = true
        this.#wake()
        resolve()
      }),
    )
  }

  /** Reads on to the next event of this type and returns it. */
  async until(type: string): Promise<TunnelEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event?.type === type) return event
      if (event !== undefined) continue
      if (this.#isOver) throw new Error(`the stream ended before ${type}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  close(): void {
    this.#request.destroy()
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

export function openEvents(platform: Platform, token: string): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port: platform.service.port,
      ca: platform.ca.certificatePem,
      servername: platform.serverName,
      agent: false,
      path: '/api/v1/tunnels/events',
      headers: { authorization: `Bearer ${token}` },
    })
    // Also what remains of the request after `close`.
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      if (incoming.statusCode === 200) resolve(new EventStream(outgoing, incoming))
      else reject(new Error(`events: ${incoming.statusCode}`))
    })
    outgoing.end()
  })
}
