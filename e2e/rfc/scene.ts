import type { Resource, SystemMapping } from '@landbridge/access'
import { socks5AuthRequest, socks5ConnectRequest, socks5Greeting } from '@landbridge/socks5'
import {
  type AbapGateway,
  ClassicClient,
  type ConnectorOptions,
  DataPlane,
  type DataPlaneOptions,
  demoUser,
  mapping,
  resource,
  startAbapGateway,
  WireSocket,
} from '@landbridge/testkit'

/** A mapping of `abap.virtual:sapgw42` to a gateway of this machine; `functions` are its resources. */
export function rfcMapping(
  gateway: Pick<AbapGateway, 'port'>,
  functions: readonly Resource[] = [],
  changes: Partial<SystemMapping> = {},
): SystemMapping {
  return mapping('abap.virtual', gateway.port, {
    virtualPort: 'sapgw42',
    protocol: 'RFC',
    backendType: 'abapSys',
    resources: functions,
    ...changes,
  })
}

/** A function module as resource: exact unless said otherwise. */
export function functionModule(name: string, changes: Partial<Resource> = {}): Resource {
  return resource(name, { exactMatchOnly: true, ...changes })
}

/** An emulated ABAP system behind a connector, reached through the RFC and LDAP proxy. */
export class RfcScene {
  readonly plane: DataPlane
  readonly gateway: AbapGateway

  private constructor(plane: DataPlane, gateway: AbapGateway) {
    this.plane = plane
    this.gateway = gateway
  }

  static async start(connector: ConnectorOptions = {}, options: DataPlaneOptions = {}): Promise<RfcScene> {
    const gateway = await startAbapGateway()
    const plane = await DataPlane.start({ ...options, connector })
    plane.defer(() => gateway.close())
    return new RfcScene(plane, gateway)
  }

  expose(functions: readonly Resource[] = [], changes: Partial<SystemMapping> = {}): void {
    this.plane.connector.expose([rfcMapping(this.gateway, functions, changes)])
  }

  /** The status of a CONNECT request, and the socket behind it. */
  async connect(
    wish: { host?: string; port?: number; token?: string; locationId?: string } = {},
  ): Promise<{ status: number; socket: WireSocket }> {
    const socket = await WireSocket.connect(this.plane.rfcPort)
    this.plane.defer(() => socket.destroy())
    const token = wish.token ?? (await this.plane.token())
    socket.send(
      Buffer.concat([
        socks5Greeting(),
        socks5AuthRequest(token, wish.locationId),
        socks5ConnectRequest(wish.host ?? 'abap.virtual', wish.port ?? 3342),
      ]),
    )
    const reply = await socket.read(14)
    return { status: reply[5] as number, socket }
  }

  /** A classic client whose connection to the system is open. */
  async client(wish: Parameters<RfcScene['connect']>[0] = {}): Promise<ClassicClient> {
    const { status, socket } = await this.connect(wish)
    if (status !== 0) throw new Error(`CONNECT was answered ${status}`)
    return new ClassicClient(socket.socket)
  }

  /** A client that is logged on. */
  async loggedOn(wish: Parameters<RfcScene['connect']>[0] = {}): Promise<ClassicClient> {
    const client = await this.client(wish)
    await client.logOn(demoUser)
    return client
  }

  /** Audit lines so far. */
  get auditLines(): string[] {
    return this.plane.connector.denied.map(({ message }) => message ?? '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane[Symbol.asyncDispose]()
  }
}
