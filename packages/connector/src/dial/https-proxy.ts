import { connect, type Socket } from 'node:net'
import { PlatformError } from '@landbridge/kernel'
import type { HttpsProxy } from '../runtime-port.ts'

const maxHeadBytes = 16 * 1024

/**
 * Asks an HTTP proxy for a tunnel with CONNECT (RFC 9110 section 9.3.6), with Basic credentials when there are any
 * (guide L31326: Basic is the only scheme).
 * @throws PlatformError PROXY_REFUSED for any answer but 2xx.
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
    const status = await handshake(socket, request(proxy, host, port), signal)
    if (status < 200 || status > 299) throw new PlatformError('PROXY_REFUSED', { host, port, status })
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

/** Resolves with the status once the answer's head is complete. The proxy has nothing to say after it. */
function handshake(socket: Socket, head: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const data = (chunk: Buffer): void => {
      answer += chunk.toString('latin1')
      const end = answer.indexOf('\r\n\r\n')
      if (end < 0 && answer.length > maxHeadBytes) return finish(() => reject(new PlatformError('PROXY_REFUSED')))
      if (end < 0) return
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]
      finish(() => resolve(Number(status ?? 0)))
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
    socket.write(head)
  })
}
