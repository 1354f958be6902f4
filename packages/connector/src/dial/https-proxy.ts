import { connect, type Socket } from 'node:net'
import { PlatformError } from '@landbridge/kernel'
import type { HttpsProxy } from '../runtime-port.ts'

const maxHeadBytes = 16 * 1024

/**
 * Asks an HTTP proxy for a tunnel with CONNECT (RFC 9110 section 9.3.6), with Basic credentials when there are any
 * (guide L31326: Basic is the only scheme, also where the proxy offers NTLM besides).
 * @throws PlatformError PROXY_REFUSED for any answer but 2xx; the error of the socket where there is none.
 */
export async function openProxyTunnel(
  proxy: HttpsProxy,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  // Not with the signal: it would end the tunnel, long since in use, when the time for connecting is over.
  const socket = connect({ host: proxy.host, port: proxy.port })
  try {
    const answer = await handshake(socket, request(proxy, host, port), signal)
    const { status } = answer
    if (status < 200 || status > 299)
      throw new PlatformError('PROXY_REFUSED', { host, port, status, reason: reasonOf(answer, proxy) })
    return socket
  } catch (cause) {
    socket.on('error', () => {}).destroy()
    throw cause
  }
}

function request(proxy: HttpsProxy, host: string, port: number): string {
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`]
  if (proxy.user !== undefined) {
    const credentials = Buffer.from(`${proxy.user}:${proxy.password?.reveal() ?? ''}`).toString('base64')
    lines.push(`Proxy-Authorization: Basic ${credentials}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

interface ProxyAnswer {
  /** 0: it is no HTTP. */
  readonly status: number
  /** Names of the schemes of authentication that it offers. */
  readonly schemes: readonly string[]
}

/** What an administrator can do something about. */
function reasonOf({ status, schemes }: ProxyAnswer, { user }: HttpsProxy): string {
  if (status === 0) return 'what answers there is no HTTP proxy'
  if (status === 407) {
    const offered = schemes.join(', ') || 'no scheme'
    if (schemes.length > 0 && !schemes.some((scheme) => scheme.toLowerCase() === 'basic'))
      return `it authenticates by ${offered} only, the connector by Basic`
    return user === undefined ? `it wants user and password (${offered})` : 'it does not accept user and password'
  }
  if (status === 403) return 'it does not allow connections to this address (403)'
  if (status >= 500 && status !== 501) return `it cannot reach this address (${status})`
  return `it does not support CONNECT (${status})`
}

function parseHead(head: string): ProxyAnswer {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  const schemes = [...head.matchAll(/^proxy-authenticate:[ \t]*([A-Za-z0-9-]{1,40})/gim)].map(([, name = '']) => name)
  return { status, schemes: [...new Set(schemes)].slice(0, 5) }
}

/** Resolves with the answer once its head is complete. The proxy has nothing to say after it. */
function handshake(socket: Socket, head: string, signal: AbortSignal): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const data = (chunk: Buffer): void => {
      answer += chunk.toString('latin1')
      const end = answer.indexOf('\r\n\r\n')
      const isOther = answer.length >= 5 && !answer.startsWith('HTTP/')
      if (end < 0 && !isOther && answer.length <= maxHeadBytes) return
      finish(() => resolve(end < 0 ? { status: 0, schemes: [] } : parseHead(answer.slice(0, end))))
    }
    const fail = (cause?: Error): void =>
      finish(() => reject(cause ?? Object.assign(new Error('the proxy closed the connection'), { code: 'ECONNRESET' })))
    const closed = (): void => fail()
    const abort = (): void => fail(new Error('aborted'))
    const finish = (then: () => void): void => {
      socket.off('data', data).off('error', fail).off('close', closed)
      signal.removeEventListener('abort', abort)
      socket.pause()
      then()
    }
    socket.on('data', data).on('error', fail).on('close', closed)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) return abort()
    socket.write(head)
  })
}
