import {
  type ConnectorOptions,
  DataPlane,
  type DataPlaneOptions,
  mapping,
  startWireBackend,
  type WireBackend,
} from '@landbridge/testkit'
import type { Preface } from '@landbridge/tunnel'

export interface HttpSetup {
  readonly plane: DataPlane
  /** The internal system behind `vhost:80`. */
  readonly backend: WireBackend
  /** What the connector was told with each request. */
  readonly prefaces: Preface[]
  /** A header line with a valid token. */
  readonly auth: string
  [Symbol.asyncDispose](): Promise<void>
}

/** A data plane with one wire backend, exposed as `vhost:80` by the first connector. */
export async function httpSetup(options: DataPlaneOptions = {}, connector: ConnectorOptions = {}): Promise<HttpSetup> {
  const backend = await startWireBackend()
  const prefaces: Preface[] = []
  const plane = await DataPlane.start({
    ...options,
    connector: {
      mappings: [mapping('vhost', backend.port)],
      propagate: (_system, preface) => {
        prefaces.push({ ...preface })
        return null
      },
      ...connector,
    },
  })
  plane.defer(() => backend.close())
  return {
    plane,
    backend,
    prefaces,
    auth: await plane.authorization(),
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  }
}

/** The bytes of a request; `lines` are further header lines. */
export function get(target: string, ...lines: readonly string[]): string {
  return requestBytes('GET', target, lines)
}

export function requestBytes(method: string, target: string, lines: readonly string[], body = ''): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Host: vhost', ...lines].join('\r\n')}\r\n\r\n${body}`
}

export const okAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
