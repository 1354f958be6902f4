import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { systemClock } from '@landbridge/kernel'
import { ControlChannel, type ControlMessage, Session, tunnelAlpn } from '@landbridge/tunnel'

export interface ControlListener {
  readonly port: number
  /** Passes a message to the connector. @throws Error when none is connected */
  send(message: ControlMessage): void
}

/**
 * As much of the connectivity service as one connector needs: it welcomes whoever has a certificate of our authority.
 * Nothing of it lies on the measured path.
 */
export async function startControlListener(cert: string, key: string, ca: string): Promise<ControlListener> {
  let connector: ControlChannel | null = null
  const server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true, ALPNProtocols: [tunnelAlpn] },
    (socket) => {
      new Session(socket, {
        role: 'server',
        clock: systemClock,
        accept: (stream) => {
          const channel = ControlChannel.accept(stream)
          channel.onMessage = (message) => {
            if (message.type !== 'hello') return
            connector = channel
            channel.send({ type: 'welcome', sessionId: 'benchmark', heartbeatMs: 15_000 })
          }
          return channel
        },
        closed: () => {
          connector = null
        },
      })
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    send(message) {
      if (connector === null) throw new Error('no connector is connected')
      connector.send(message)
    },
  }
}
