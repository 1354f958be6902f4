import { randomUUID } from 'node:crypto'
import { compileAccess, type SystemMapping } from '@landbridge/access'
import {
  BackendPool,
  defaultBackendTimeouts,
  dialTls,
  type Pairing,
  StreamAcceptor,
  type SubaccountContext,
} from '@landbridge/connector'
import { silentLog, systemClock } from '@landbridge/kernel'
import {
  ControlChannel,
  type ControlMessage,
  type Preface,
  ReceivedTokens,
  Session,
  tunnelAlpn,
} from '@landbridge/tunnel'
import type { Cloud, Tenant } from './cloud.ts'
import { pair } from './real-connector.ts'

/**
 * A connector put together by hand from the parts of the real one, which shows what the proxy tells it and does with
 * tickets what an honest connector would not.
 */
export class OpenConnector {
  /** The preface of every HTTP stream, in the order of the requests. */
  readonly prefaces: Preface[]
  /** What the cloud asked for. */
  readonly requests: ControlMessage[]
  answersRequests: boolean
  /** False: like a connector to which each request brings its tokens. */
  refersToTokens: boolean
  /** Physical connections for each request of the cloud. */
  tunnels: number
  /** Streams that were opened towards this end, by connection in the order of dialling. */
  readonly streams: number[]
  #asked: () => void
  readonly #cloud: Cloud
  readonly #tenant: Tenant
  readonly #pairing: Pairing
  readonly connectorId: string
  readonly #context: SubaccountContext
  readonly #sessions: Set<Session>
  #dialled: number

  private constructor(cloud: Cloud, tenant: Tenant, pairing: Pairing, connectorId: string, context: SubaccountContext) {
    this.prefaces = []
    this.requests = []
    this.answersRequests = true
    this.refersToTokens = true
    this.tunnels = 1
    this.streams = []
    this.#asked = () => {}
    this.#cloud = cloud
    this.#tenant = tenant
    this.#pairing = pairing
    this.connectorId = connectorId
    this.#context = context
    this.#sessions = new Set()
    this.#dialled = 0
  }

  static async connect(cloud: Cloud, tenant: Tenant, mappings: readonly SystemMapping[]): Promise<OpenConnector> {
    const connectorId = randomUUID()
    const pairing = await pair(cloud, tenant, connectorId, '')
    const security = { trust: { trustAllBackends: false, certificates: [] } }
    const connector = new OpenConnector(cloud, tenant, pairing, connectorId, {
      subaccountId: tenant.subaccount.id,
      access: compileAccess([...mappings]),
      domainMappings: [],
      backends: new BackendPool(systemClock, security, defaultBackendTimeouts),
      propagate(_system, preface) {
        // The preface is one object for all streams.
        connector.prefaces.push({ ...preface })
        return null
      },
      log: silentLog,
      denied() {},
    })
    await connector.#control()
    return connector
  }

  /** Dials a proxy and shows a ticket. @returns the answer of the proxy; undefined when it hung up without one. */
  async openTunnel(request: ControlMessage, hello: Record<string, unknown> = {}): Promise<ControlMessage | undefined> {
    const session = await this.#dial(String(request.host), Number(request.port), String(request.serverName))
    if (this.refersToTokens) session.receivedTokens = new ReceivedTokens()
    return this.#ask(session, {
      type: 'tunnel-hello',
      protocol: 1,
      ticket: request.ticket,
      connectorId: this.connectorId,
      version: '0.1.0',
      subaccountId: this.#tenant.subaccount.id,
      locationId: '',
      ...(this.refersToTokens ? { tokenReferences: true } : {}),
      ...hello,
    })
  }

  /** Resolves with the next request for a tunnel. */
  nextRequest(): Promise<ControlMessage> {
    const known = this.requests.length
    return new Promise((resolve) => {
      this.#asked = () => resolve(this.requests[known]!)
    })
  }

  close(): void {
    for (const session of this.#sessions) session.destroy()
    this.#context.backends.close()
  }

  async #control(): Promise<void> {
    const session = await this.#dial('127.0.0.1', this.#cloud.service.port, this.#pairing.endpoint.notificationHost)
    const welcome = await this.#ask(
      session,
      {
        type: 'hello',
        protocol: 1,
        version: '0.1.0',
        connectorId: this.connectorId,
        subaccountId: this.#tenant.subaccount.id,
        locationId: '',
        description: '',
        loadSharing: false,
      },
      (message) => {
        if (message.type !== 'open-tunnel') return
        this.requests.push(message)
        this.#asked()
        if (this.answersRequests) for (let i = 0; i < this.tunnels; i++) void this.openTunnel(message)
      },
    )
    if (welcome?.type !== 'welcome') throw new Error(`not welcome: ${JSON.stringify(welcome)}`)
  }

  async #dial(address: string, port: number, serverName: string): Promise<Session> {
    const { certificate, privateKey } = this.#pairing
    const socket = await dialTls({
      serverName,
      address,
      port,
      ca: this.#cloud.ca.certificatePem,
      clientCertificate: { cert: certificate, key: privateKey },
      alpn: [tunnelAlpn],
      timeoutMs: 30_000,
    })
    const acceptor = new StreamAcceptor(this.#context, defaultBackendTimeouts)
    const index = this.#dialled++
    const session: Session = new Session(socket, {
      role: 'client',
      clock: systemClock,
      accept: () => {
        this.streams[index] = (this.streams[index] ?? 0) + 1
        return acceptor
      },
      closed: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    return session
  }

  /** Sends the first message of a session; resolves with the first answer, or undefined when the session ends. */
  #ask(
    session: Session,
    message: ControlMessage,
    later: (message: ControlMessage) => void = () => {},
  ): Promise<ControlMessage | undefined> {
    return new Promise((resolve) => {
      const channel = ControlChannel.open(session)
      channel.onMessage = (answer) => {
        channel.onMessage = later
        resolve(answer)
      }
      channel.onClose = () => resolve(undefined)
      channel.send(message)
    })
  }
}
