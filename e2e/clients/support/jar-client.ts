import { lookup } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { text } from 'node:stream/consumers'

/** Browsers know that names below `localhost` are this machine (RFC 6761 section 6.3); resolvers of some systems do not. */
const asBrowsersDo: LookupFunction = (host, options, done) =>
  lookup(host.endsWith('.localhost') ? 'localhost' : host, options, done)

export interface Visit {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** As much of a browser as a login needs: cookies by host, redirects, forms. */
export class JarClient {
  readonly #ca: string
  readonly #cookies: Map<string, Map<string, string>>

  constructor(ca: string) {
    this.#ca = ca
    this.#cookies = new Map()
  }

  /** The header `Cookie` for a host with its port. */
  cookies(host: string): string {
    return [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** One page, after all redirects. */
  async visit(address: string | URL, form?: URLSearchParams): Promise<Visit> {
    let visit = await this.#once(new URL(address), form)
    for (let hops = 0; hops < 15 && visit.status >= 300 && visit.status < 400; hops += 1)
      visit = await this.#once(new URL(visit.headers.location ?? '', visit.url))
    return visit
  }

  async #once(url: URL, form?: URLSearchParams): Promise<Visit> {
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>()
    this.#cookies.set(url.host, jar)
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const body = form?.toString()
    const headers = {
      accept: 'text/html',
      cookie: this.cookies(url.host),
      ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', origin: url.origin }),
    }
    const method = body === undefined ? 'GET' : 'POST'
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      send(url, { method, headers, ca: this.#ca, agent: false, lookup: asBrowsersDo }, resolve)
        .on('error', reject)
        .end(body)
    })
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      jar.set(name, value)
    }
    const page = await text(answer)
    // The approuter's page that leads to the login remembers by script where the user wanted to go, and signs it.
    const signature = /document\.cookie="signature=([^;"]*)/.exec(page)?.[1]
    if (signature !== undefined) {
      jar.set('signature', signature)
      jar.set('fragmentAfterLogin', '')
      jar.set('locationAfterLogin', encodeURIComponent(url.pathname + url.search))
    }
    return { url, status: answer.statusCode ?? 0, headers: answer.headers, text: page }
  }
}
