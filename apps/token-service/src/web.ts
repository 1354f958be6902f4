import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { createApi } from '@landbridge/http-api'
import { answerError } from './oauth-error.ts'

type Api = ReturnType<typeof createApi>

/** What an endpoint reads of a request: no framework, so that endpoints are plain functions. */
export interface WebRequest {
  /** The Host header, or HTTP/2 authority. */
  readonly host: string
  readonly query: URLSearchParams
  /** Parameters of a form-encoded body; empty otherwise. */
  readonly form: URLSearchParams
  /** A header's value by lower-case name; '' when absent. */
  header(name: string): string
  /** A part of the path, decoded, by its name in the route; '' when the route has none. */
  pathParameter(name: string): string
  readonly remoteAddress: string
  /** What the client showed in the TLS handshake. It owns the key; nothing else is known about it. */
  readonly clientCertificate: X509Certificate | undefined
}

export interface WebAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Objects are sent as JSON, texts as HTML unless a header says otherwise. */
  readonly body: object | string
}

export type Endpoint = (request: WebRequest) => Promise<WebAnswer>

/** Lets a form-encoded body arrive as `URLSearchParams`, which keeps repeated parameters visible. */
export function acceptForms(api: Api): void {
  api.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
}

/** Serves an endpoint. Platform errors become OAuth error bodies, everything else is the server's error handler's. */
export function serve(api: Api, method: 'GET' | 'POST', url: string, endpoint: Endpoint): void {
  api.route({
    method,
    url,
    async handler(request, reply) {
      const socket = request.raw.socket as TLSSocket
      const asked = request.url.indexOf('?')
      const answer = await endpoint({
        host: request.headers.host ?? '',
        query: new URLSearchParams(asked < 0 ? '' : request.url.slice(asked + 1)),
        form: request.body instanceof URLSearchParams ? request.body : new URLSearchParams(),
        header: (name) => firstValue(request.headers[name]),
        pathParameter: (name) => (request.params as Readonly<Record<string, string>>)[name] ?? '',
        remoteAddress: socket.remoteAddress ?? '',
        clientCertificate: socket.getPeerX509Certificate?.(),
      }).catch((thrown: unknown) => answerError(thrown))
      reply.code(answer.status).header('cache-control', 'no-store').header('pragma', 'no-cache')
      reply.header('x-content-type-options', 'nosniff').header('strict-transport-security', 'max-age=31536000')
      reply.type(typeof answer.body === 'string' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8')
      for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value)
      return reply.send(answer.body)
    },
  })
}

function firstValue(value: string | readonly string[] | undefined): string {
  return (typeof value === 'string' ? value : value?.[0]) ?? ''
}

/** Cookies of a request by name (RFC 6265 section 5.4); of two with one name the first counts. */
export function cookiesOf(request: WebRequest): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of request.header('cookie').split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0) continue
    const name = pair.slice(0, equals).trim()
    if (!cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim())
  }
  return cookies
}
