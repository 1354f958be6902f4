import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'

export interface JsonCall {
  readonly method?: string
  readonly url: string | URL
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON, URLSearchParams as a form, FormData as an upload. */
  readonly body?: object
  /** PEM of the authority to trust. */
  readonly ca?: string
  /** Shown in the TLS handshake; PEM both. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string }
}

export interface JsonAnswer {
  readonly status: number
  readonly text: string
  readonly json: ReturnType<typeof JSON.parse>
}

/** One request to a service of a test, whatever its status. An answer that is no JSON has `json` undefined. */
export async function callJson(call: JsonCall): Promise<JsonAnswer> {
  const url = new URL(call.url)
  const body = await encoded(call.body)
  const headers = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': body.bytes.length }),
    ...call.headers,
  }
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const options = {
      method: call.method ?? 'GET',
      headers,
      agent: false as const,
      ...(call.ca ? { ca: call.ca } : {}),
      ...call.clientCertificate,
    }
    send(url, options, resolve).on('error', reject).end(body?.bytes)
  })
  const content = await text(answer)
  return { status: answer.statusCode ?? 0, text: content, json: parsed(content) }
}

async function encoded(body: object | undefined): Promise<{ type: string; bytes: Buffer } | undefined> {
  if (body === undefined) return undefined
  if (!(body instanceof FormData || body instanceof URLSearchParams))
    return { type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) }
  const carrier = new Response(body)
  return { type: carrier.headers.get('content-type') ?? '', bytes: Buffer.from(await carrier.arrayBuffer()) }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}
