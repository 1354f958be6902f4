import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'

export interface JsonCall {
  readonly method?: string
  readonly url: string | URL
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON, URLSearchParams as a form. */
  readonly body?: object
  /** PEM of the authority to trust. */
  readonly ca?: string
}

export interface JsonAnswer {
  readonly status: number
  readonly text: string
  readonly json: ReturnType<typeof JSON.parse>
}

/** One request to a service of a test, whatever its status. An answer that is no JSON has `json` undefined. */
export async function callJson(call: JsonCall): Promise<JsonAnswer> {
  const url = new URL(call.url)
  const isForm = call.body instanceof URLSearchParams
  const body = call.body === undefined ? undefined : isForm ? String(call.body) : JSON.stringify(call.body)
  const headers = {
    accept: 'application/json',
    ...(body === undefined
      ? {}
      : {
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
    ...call.headers,
  }
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const options = {
      method: call.method ?? 'GET',
      headers,
      agent: false as const,
      ...(call.ca ? { ca: call.ca } : {}),
    }
    send(url, options, resolve).on('error', reject).end(body)
  })
  const content = await text(answer)
  return { status: answer.statusCode ?? 0, text: content, json: parsed(content) }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}
