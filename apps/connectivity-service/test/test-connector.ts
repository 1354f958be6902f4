import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { systemClock } from '@landbridge/kernel'
import { ControlChannel, type ControlMessage, Session, tunnelAlpn } from '@landbridge/tunnel'
import type { Platform } from './platform.ts'
import { newSigningRequest } from './signing-request.ts'

/** What a connector holds after pairing. */
export interface PairedConnector {
  readonly connectorId: string
  readonly subaccountId: string
  readonly certificate: { readonly cert: string; readonly key: string }
}

/** Pairs over the real endpoint. */
export async function pair(
  platform: Platform,
  tenant: { subaccount: { id: string }; basic: string },
  body: { connectorId?: string; locationId?: string } = {},
): Promise<PairedConnector> {
  const { key, csr } = newSigningRequest()
  const connectorId = body.connectorId ?? randomUUID()
  const answer = await platform.region({
    path: `/api/v1/subaccounts/${tenant.subaccount.id}/certificates`,
    authorization: tenant.basic,
    body: { csr, locationId: '', description: 'cellar', ...body, connectorId },
  })
  if (answer.status !== 201) throw new Error(`pairing failed: ${answer.text}`)
  return {
    connectorId,
    subaccountId: tenant.subaccount.id,
    certificate: { key, cert: String(answer.json.certificate) },
  }
}

/** A control session of a connector, from its end. */
export class ConnectorLink {
  readonly #channel: ControlChannel
  readonly #session: Session
  readonly #messages: ControlMessage[]
  readonly #waiting: { resolve: (message: ControlMessage) => void; reject: (cause: Error) => void }[]
  #isOver: boolean
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>

  private constructor(socket: TLSSocket) {
    this.#messages = []
    this.#waiting = []
    this.#isOver = false
    let over: () => void = () => {}
    this.closed = new Promise((resolve) => {
      over = resolve
    })
    this.#session = new Session(socket, {
      role: 'client',
      clock: systemClock,
      accept: () => null,
      closed: () => {
        this.#isOver = true
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('the session ended'))
        over()
      },
    })
    this.#channel = ControlChannel.open(this.#session)
    this.#channel.onMessage = (message) => {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#messages.push(message)
      else waiting.resolve(message)
    }
  }

  /** Connects and says hello; `next()` is then the welcome or the refusal. */
  static async open(
    platform: Platform,
    connector: PairedConnector,
    hello: Record<string, unknown> = {},
    certificate: { cert?: string; key?: string } = connector.certificate,
  ): Promise<ConnectorLink> {
    const socket = connect({
      host: '127.0.0.1',
      port: platform.service.port,
      ca: platform.ca.certificatePem,
      servername: platform.serverName,
      ALPNProtocols: [tunnelAlpn],
      ...certificate,
    })
    await once(socket, 'secureConnect')
    const link = new ConnectorLink(socket)
    link.send({
      type: 'hello',
      protocol: 1,
      version: '0.1.0',
      connectorId: connector.connectorId,
      subaccountId: connector.subaccountId,
      locationId: '',
      description: 'cellar',
      loadSharing: false,
      ...hello,
    })
    return link
  }

  /** The next message that nobody has read yet. */
  next(): Promise<ControlMessage> {
    const message = this.#messages.shift()
    if (message !== undefined) return Promise.resolve(message)
    if (this.#isOver) return Promise.reject(new Error('the session ended'))
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  send(message: ControlMessage): void {
    this.#channel.send(message)
  }

  close(): Promise<void> {
    this.#session.destroy()
    return this.closed
  }
}
