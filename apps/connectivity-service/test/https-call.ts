import { request } from 'node:https'

export interface Call {
  readonly method?: string
  readonly path: string
  readonly authorization?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly clientCertificate?: { readonly cert: string; readonly key: string }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The parsed body; undefined when it is not JSON. Tests know what they asked for. */
  readonly json: Record<string, unknown>
}

/** One request on a connection of its own, with the server's certificate verified. */
export function callHttps(port: number, ca: string, serverName: string, call: Call): Promise<Answer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        ca,
        servername: serverName,
        agent: false,
        method: call.method ?? (body === undefined ? 'GET' : 'POST'),
        path: call.path,
        headers: {
          host: serverName,
          ...(call.authorization === undefined ? {} : { authorization: call.authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...call.headers,
        },
        ...call.clientCertificate,
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parsed(text) })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
