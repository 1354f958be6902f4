import type { SystemMapping } from '@landbridge/access'
import {
  DataPlane,
  type DataPlaneOptions,
  mapping,
  startWireBackend,
  type WireAnswer,
  type WireBackend,
  type WireSocket,
} from '@landbridge/testkit'

export interface Call {
  readonly method?: string
  /** Virtual host and port, then the path. */
  readonly url: string
  /** Header lines besides the token. */
  readonly lines?: readonly string[]
  readonly body?: string | Buffer
}

/** Sends a request with a valid token over an open client connection; does not wait for its answer. */
export async function sendCall(plane: DataPlane, client: WireSocket, call: Call): Promise<void> {
  const host = call.url.slice(0, call.url.indexOf('/'))
  const lines = [`Host: ${host}`, await plane.authorization(), ...(call.lines ?? [])]
  const { method = 'GET', body } = call
  if (body !== undefined && !lines.some((line) => /^(content-length|transfer-encoding):/i.test(line)))
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  client.send(`${method} http://${call.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  if (body !== undefined) client.send(body)
}

/** One request over a connection of its own, or over `client`. */
export async function send(plane: DataPlane, call: Call, client?: WireSocket): Promise<WireAnswer> {
  const connection = client ?? (await plane.client())
  await sendCall(plane, connection, call)
  return connection.readAnswer(call.method)
}

export interface WirePlane extends AsyncDisposable {
  readonly plane: DataPlane
  readonly backend: WireBackend
}

/** A data plane with one mapping `web:80` to a backend whose bytes the test writes itself. */
export async function withWireBackend(
  changes: Partial<SystemMapping> = {},
  options: DataPlaneOptions = {},
): Promise<WirePlane> {
  const backend = await startWireBackend()
  const connector = { mappings: [mapping('web', backend.port, changes)], ...options.connector }
  const plane = await DataPlane.start({ ...options, connector })
  plane.defer(() => backend.close())
  return { plane, backend, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() }
}

/** Header lines of a head whose name is `name`, without regard to case. */
export function linesNamed(head: string, name: string): readonly string[] {
  return head.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
}
