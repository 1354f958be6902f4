import { LocalCa } from '@landbridge/identity'
import { type Clock, createLog, type Log, PlatformError, systemClock } from '@landbridge/kernel'
import {
  type AccessPolicy,
  Authorizer,
  defaultHttpTimeouts,
  defaultSocksTimeouts,
  HttpFront,
  type HttpTimeouts,
  Listener,
  rfcTarget,
  SocksFront,
  type SocksTimeouts,
  type TunnelRequestMessage,
  TunnelServer,
  TunnelTable,
} from '@landbridge/proxy'
import { type ConnectorOptions, TestConnector } from './test-connector.ts'
import { TokenMint, type TokenOptions } from './token-mint.ts'
import { WireSocket } from './wire-socket.ts'

export interface DataPlaneOptions {
  /** Differences to: authorization on, several tenants, client `sb-client` may call. */
  readonly policy?: Partial<AccessPolicy>
  /** Where the SOCKS5 proxy is to differ from the HTTP proxy. */
  readonly socksPolicy?: Partial<AccessPolicy>
  readonly timeouts?: Partial<HttpTimeouts>
  readonly socksTimeouts?: Partial<SocksTimeouts>
  readonly clock?: Clock
  /** The first connector, of subaccount `acme` and without location ID unless said otherwise; null for none. */
  readonly connector?: ConnectorOptions | null
}

const defaultPolicy: AccessPolicy = {
  authorization: true,
  tenantMode: 'shared',
  subaccountId: '',
  acceptClient: (token) => token.clientId === 'sb-client',
  acceptServiceClient: (token) => token.clientId === 'sb-proxy',
  userTokenNamesTenant: false,
  mayActFor: () => false,
}

let authority: Promise<LocalCa> | undefined

/** One certificate authority for all tests of the process. */
export function testAuthority(): Promise<LocalCa> {
  authority ??= LocalCa.create({ subject: { CN: 'Test CA' } })
  return authority
}

/** HTTP, SOCKS5, RFC and LDAP proxy, tunnel server and connectors of one test, joined by real TLS over loopback. */
export class DataPlane {
  readonly ca: LocalCa
  readonly table: TunnelTable
  readonly connectors: TestConnector[]
  /** Every request for a tunnel, with the token it was made with. */
  readonly requests: { readonly message: TunnelRequestMessage; readonly callerToken: string }[]
  /** Every log line of both sides as JSON: what must not be logged is searched here. */
  readonly logged: string[]
  readonly http: HttpFront
  readonly socks: SocksFront
  /** The RFC and LDAP proxy. */
  readonly rfc: SocksFront
  httpPort: number
  socksPort: number
  rfcPort: number
  tunnelPort: number
  readonly #clock: Clock
  readonly #log: Log
  readonly #mint: TokenMint
  readonly #closings: (() => unknown)[]

  private constructor(ca: LocalCa, mint: TokenMint, clock: Clock, fronts: FrontOptions) {
    this.ca = ca
    this.connectors = []
    this.requests = []
    this.logged = []
    this.#clock = clock
    this.#mint = mint
    this.#closings = []
    this.#log = createLog((level, event, facts, cause) => {
      this.logged.push(`${level} ${event} ${JSON.stringify(facts)} ${String(cause ?? '')}`)
    }, 'debug')
    const broker = {
      requestTunnel: (message: TunnelRequestMessage, callerToken: string) => this.#requestTunnel(message, callerToken),
    }
    this.table = new TunnelTable(broker, address(0), clock)
    const shared = { tunnels: this.table, clock, log: this.#log }
    this.http = new HttpFront({ ...shared, authorizer: fronts.httpAuthorizer, timeouts: fronts.httpTimeouts })
    this.socks = new SocksFront({ ...shared, authorizer: fronts.socksAuthorizer, timeouts: fronts.socksTimeouts })
    this.rfc = new SocksFront({
      ...shared,
      authorizer: fronts.socksAuthorizer,
      timeouts: fronts.socksTimeouts,
      target: rfcTarget,
      passesUsers: true,
    })
    this.httpPort = 0
    this.rfcPort = 0
    this.socksPort = 0
    this.tunnelPort = 0
  }

  static async start(options: DataPlaneOptions = {}): Promise<DataPlane> {
    const clock = options.clock ?? systemClock
    const ca = await testAuthority()
    const mint = await TokenMint.create(clock)
    const verifier = await mint.verifier()
    const policy = { ...defaultPolicy, ...options.policy }
    const plane = new DataPlane(ca, mint, clock, {
      httpAuthorizer: new Authorizer(policy, verifier),
      socksAuthorizer: new Authorizer({ ...policy, ...options.socksPolicy }, verifier),
      httpTimeouts: { ...defaultHttpTimeouts, ...options.timeouts },
      socksTimeouts: { ...defaultSocksTimeouts, ...options.socksTimeouts },
    })
    await plane.#listen()
    if (options.connector !== null) await plane.connect(options.connector)
    return plane
  }

  /** The first connector. */
  get connector(): TestConnector {
    const [first] = this.connectors
    if (first === undefined) throw new Error('no connector was added')
    return first
  }

  /** Registers a further connector; its tunnel is opened when the first request needs it. */
  async connect(options: ConnectorOptions = {}): Promise<TestConnector> {
    const connector = await TestConnector.create(options, { ca: this.ca, clock: this.#clock, log: this.#log })
    this.connectors.push(connector)
    return connector
  }

  /** The issuer of these tokens, for connectors that verify users themselves. */
  trustedIssuer(): ReturnType<TokenMint['trusted']> {
    return this.#mint.trusted()
  }

  token(options?: TokenOptions): Promise<string> {
    return this.#mint.token(options)
  }

  /** A header line with a token that is allowed to call. */
  async authorization(options?: TokenOptions): Promise<string> {
    return `Proxy-Authorization: Bearer ${await this.token(options)}`
  }

  /** A connection to the HTTP proxy. */
  async client(): Promise<WireSocket> {
    return this.#remember(await WireSocket.connect(this.httpPort))
  }

  /** A connection to the SOCKS5 proxy. */
  async socksClient(): Promise<WireSocket> {
    return this.#remember(await WireSocket.connect(this.socksPort))
  }

  /** Runs `close` at the end of the test, before the parts of the data plane end. */
  defer(close: () => unknown): void {
    this.#closings.unshift(close)
  }

  /** Ends everything and checks that nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closings) await close()
  }

  async #requestTunnel(message: TunnelRequestMessage, callerToken: string): Promise<void> {
    this.requests.push({ message, callerToken })
    const { subaccountId, locationId } = message
    const found = this.connectors.filter(
      (entry) => entry.context.subaccountId === subaccountId && entry.locationId === locationId,
    )
    if (found.length === 0) throw new PlatformError('CONNECTOR_NOT_CONNECTED', { subaccountId, locationId })
    for (const connector of found)
      for (let i = 0; connector.answersRequests && i < connector.tunnels; i++)
        connector.openTunnel(message).catch((failure: unknown) => this.logged.push(`tunnel failed: ${String(failure)}`))
  }

  async #listen(): Promise<void> {
    const { cert, key } = await serverCertificate(this.ca)
    const { table } = this
    const server = new TunnelServer({
      host: '127.0.0.1',
      port: 0,
      cert,
      key,
      ca: this.ca.certificatePem,
      table,
      clock: this.#clock,
      log: this.#log,
    })
    this.tunnelPort = await server.listen()
    table.announce(address(this.tunnelPort))
    const http = await Listener.open('127.0.0.1', 0, 'http', (socket) => this.http.accept(socket))
    const socks = await Listener.open('127.0.0.1', 0, 'socks', (socket) => this.socks.accept(socket))
    const rfc = await Listener.open('127.0.0.1', 0, 'rfc', (socket) => this.rfc.accept(socket))
    this.rfcPort = rfc.port
    this.httpPort = http.port
    this.socksPort = socks.port
    this.#closings.push(async () => {
      for (const connector of this.connectors) connector.close()
      this.http.close()
      this.socks.close()
      this.rfc.close()
      await Promise.all([http.close(), socks.close(), rfc.close(), server.close()])
    })
  }

  #remember(socket: WireSocket): WireSocket {
    this.defer(() => socket.destroy())
    return socket
  }
}

interface FrontOptions {
  readonly httpAuthorizer: Authorizer
  readonly socksAuthorizer: Authorizer
  readonly httpTimeouts: HttpTimeouts
  readonly socksTimeouts: SocksTimeouts
}

let server: ReturnType<LocalCa['issueServer']> | undefined

function serverCertificate(ca: LocalCa): ReturnType<LocalCa['issueServer']> {
  server ??= ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  return server
}

function address(port: number) {
  return { host: '127.0.0.1', port, serverName: 'localhost', proxyId: 'test', displayName: 'test proxy' }
}
