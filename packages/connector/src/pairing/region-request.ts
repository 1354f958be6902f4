import { type IncomingMessage, request } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { isPlatformError, PlatformError, type Secret } from '@landbridge/kernel'
import { type DialOptions, dialTls } from '../dial/dial-tls.ts'
import type { HttpsProxy } from '../runtime-port.ts'

/** How one region is reached where DNS or a public certificate does not do (tests, laptops, private networks). */
export interface RegionOverride {
  /** Address to dial instead of resolving the region's host names. */
  readonly address?: string
  readonly port?: number
  /** PEM of the authorities to believe instead of the system's list. */
  readonly ca?: string
}

/** The way to a region. */
export interface RegionAccess {
  /** `host` or `host:port`. */
  readonly regionHost: string
  readonly override?: RegionOverride
  readonly httpsProxy?: HttpsProxy
  /** For connecting and for the answer, each. */
  readonly timeoutMs: number
}

export interface CloudCredentials {
  readonly user: string
  /** Passed on unchanged: it may end in a one-time code or be a passcode as a whole. */
  readonly password: Secret
}

export interface RegionRequest {
  /** First label of the host name below the region host. */
  readonly service: 'connectivitynotification' | 'connectivitycertsigning'
  /** The full host name where the region told it. */
  readonly host?: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly credentials?: CloudCredentials
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret }
  readonly body?: object
}

export interface RegionAnswer {
  readonly status: number
  readonly body: unknown
}

const maxAnswerBytes = 4 * 1024 * 1024

/**
 * Sends one request over a connection of its own and reads a JSON answer.
 * @throws PlatformError CONNECTOR_REGION_UNREACHABLE, CONNECTOR_REGION_UNTRUSTED, CONNECTOR_PROXY_REFUSED,
 *   CONNECTOR_REGION_ANSWER_INVALID
 */
export async function askRegion(access: RegionAccess, asked: RegionRequest): Promise<RegionAnswer> {
  const { name, port } = regionAddress(access)
  const serverName = asked.host ?? `${asked.service}.${name}`
  const socket = await dial(access, serverName, port, asked)
  const signal = AbortSignal.timeout(access.timeoutMs)
  try {
    const response = await send(socket, serverName, asked, signal)
    return { status: response.statusCode ?? 0, body: parse(await text(response, access), access) }
  } catch (cause) {
    if (isPlatformError(cause)) throw cause
    const reason = signal.aborted ? 'no answer in time' : 'the connection broke'
    throw new PlatformError(
      'CONNECTOR_REGION_UNREACHABLE',
      { regionHost: access.regionHost, host: serverName, port, reason },
      { cause },
    )
  } finally {
    socket.destroy()
  }
}

/** Host name and port of a region: the override's port, one written behind the name, or 443. */
export function regionAddress(access: Pick<RegionAccess, 'regionHost' | 'override'>): { name: string; port: number } {
  const [, name = access.regionHost, port] = /^(.*):(\d{1,5})$/.exec(access.regionHost) ?? []
  return { name, port: access.override?.port ?? Number(port ?? 443) }
}

async function dial(access: RegionAccess, serverName: string, port: number, asked: RegionRequest): Promise<TLSSocket> {
  const { address, ca } = access.override ?? {}
  const options: DialOptions = {
    serverName,
    port,
    alpn: ['http/1.1'],
    timeoutMs: access.timeoutMs,
    ...(address === undefined ? {} : { address }),
    ...(ca === undefined || ca === '' ? {} : { ca }),
    ...(access.httpsProxy === undefined ? {} : { proxy: access.httpsProxy }),
    ...(asked.clientCertificate === undefined ? {} : { clientCertificate: asked.clientCertificate }),
  }
  try {
    return await dialTls(options)
  } catch (cause) {
    if (!isPlatformError(cause)) throw cause
    const { regionHost } = access
    const reason = String(cause.facts.reason ?? 'refused')
    if (cause.code === 'PROXY_REFUSED' || cause.code === 'PROXY_UNREACHABLE') {
      const { host, port: proxyPort } = access.httpsProxy!
      const told = cause.code === 'PROXY_REFUSED' ? reason : `it cannot be reached (${reason})`
      throw new PlatformError('CONNECTOR_PROXY_REFUSED', { host, port: proxyPort, reason: told }, { cause })
    }
    const { issuer } = cause.facts
    const code = cause.code === 'CLOUD_UNTRUSTED' ? 'CONNECTOR_REGION_UNTRUSTED' : 'CONNECTOR_REGION_UNREACHABLE'
    const facts = { regionHost, host: address ?? serverName, port, reason }
    throw new PlatformError(code, issuer === undefined ? facts : { ...facts, issuer }, { cause })
  }
}

function send(socket: TLSSocket, host: string, asked: RegionRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body)
  const { credentials } = asked
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        createConnection: () => socket,
        method: asked.method,
        path: asked.path,
        host,
        signal,
        headers: {
          host,
          accept: 'application/json',
          connection: 'close',
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...(credentials === undefined ? {} : { authorization: basic(credentials) }),
        },
      },
      resolve,
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

function basic({ user, password }: CloudCredentials): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`
}

async function text(response: IncomingMessage, access: RegionAccess): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw invalidAnswer(access, 'the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(answer: string, access: RegionAccess): unknown {
  if (answer === '') return undefined
  try {
    return JSON.parse(answer)
  } catch (cause) {
    throw invalidAnswer(access, 'the answer is not JSON', cause)
  }
}

export function invalidAnswer(access: RegionAccess, reason: string, cause?: unknown): PlatformError {
  return new PlatformError('CONNECTOR_REGION_ANSWER_INVALID', { regionHost: access.regionHost, reason }, { cause })
}
