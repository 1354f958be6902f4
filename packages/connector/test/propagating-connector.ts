import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { type AuthenticationMode, compileAccess, type Protocol, type SystemMapping } from '@landbridge/access'
import { type OwnCertificate, selfSigned } from '@landbridge/identity'
import { type Clock, type Log, ManualClock, silentLog, systemClock } from '@landbridge/kernel'
import { ReceivedTokens, SentTokens, Session, type Stream, StreamKind, writePreface } from '@landbridge/tunnel'
import {
  BackendPool,
  type BackendTimeouts,
  type DeniedAccess,
  defaultBackendTimeouts,
  defaultPropagationSettings,
  type PropagationSettings,
  Propagator,
  StreamAcceptor,
  SubaccountPropagation,
  type TrustedIssuer,
} from '../src/index.ts'

export interface Asked {
  readonly mode?: AuthenticationMode
  readonly protocol?: Protocol
  readonly userToken?: string
  readonly technicalToken?: string
  readonly headers?: readonly string[]
  /** The token goes along, as from a cloud side that knows no references. */
  readonly inline?: boolean
  readonly clientConnection?: string
}

export interface Answered {
  readonly status: number
  readonly head: string
  readonly body: string
}

export interface PropagatingConnector {
  readonly clock: ManualClock
  readonly denied: DeniedAccess[]
  readonly pool: BackendPool
  ask(request: Asked): Promise<Answered>
  /** As if the definitions of the cloud side had been lost: what it refers to from now on is not known. */
  loseTokens(): void
  trust(issuers: readonly TrustedIssuer[]): void
  configure(change: {
    settings?: Partial<PropagationSettings>
    authority?: OwnCertificate | null
    system?: OwnCertificate | null
  }): void
  close(): Promise<void>
}

export interface ConnectorParts {
  readonly subaccountId?: string
  readonly backend: { readonly port: number; readonly ca: string }
  /** Port of a plain HTTP backend. */
  readonly plainPort?: number
  readonly system?: OwnCertificate
  readonly authority?: OwnCertificate
  readonly settings?: Partial<PropagationSettings>
  readonly timeouts?: Partial<BackendTimeouts>
  readonly clock?: ManualClock
  readonly log?: Log
}

const clockStartMs = Date.now()
let made: Promise<{ system: OwnCertificate; authority: OwnCertificate }> | undefined

/** A system certificate and an authority for users; keys take time, so a test file makes them once. */
export function testCertificates(clock: Clock): Promise<{ system: OwnCertificate; authority: OwnCertificate }> {
  const wish = { keySize: 2048 } as const
  made ??= Promise.all([
    selfSigned({ ...wish, purpose: 'client', subject: 'CN=connector,O=Test' }, 365, clock),
    selfSigned({ ...wish, purpose: 'authority', subject: 'CN=PP CA,O=Test' }, 365, clock),
  ]).then(([system, authority]) => ({ system, authority }))
  return made
}

export function testClock(): ManualClock {
  return new ManualClock(clockStartMs)
}

/** The data plane of a connector behind a real tunnel session: what the cloud opens reaches real backends. */
export async function startPropagatingConnector(parts: ConnectorParts): Promise<PropagatingConnector> {
  const clock = parts.clock ?? testClock()
  const denied: DeniedAccess[] = []
  let system = parts.system ?? null
  const security = () => ({
    trust: { trustAllBackends: false, certificates: [parts.backend.ca] },
    ...(system === null ? {} : { systemCertificate: system }),
  })
  const pool = new BackendPool(clock, security(), { ...defaultBackendTimeouts, ...parts.timeouts })
  const propagator = new Propagator(clock, parts.log ?? silentLog)
  let settings = { ...defaultPropagationSettings, ...parts.settings }
  let authority: OwnCertificate | null = parts.authority ?? null
  let issuers: readonly TrustedIssuer[] = []
  const subaccountId = parts.subaccountId ?? 'subaccount-1'
  const propagation = new SubaccountPropagation(propagator, subaccountId, 'region.test')
  const apply = (): void => {
    propagator.configure({
      settings,
      ...(authority === null ? {} : { authority }),
      hasSystemCertificate: system !== null,
    })
    propagation.configure(issuers)
  }
  apply()
  const context = {
    subaccountId,
    access: compileAccess(mappingsOf(parts.backend.port, parts.plainPort)),
    domainMappings: [],
    backends: pool,
    propagate: propagation.decide,
    log: parts.log ?? silentLog,
    denied: (access: DeniedAccess) => denied.push(access),
  }
  const tunnel = await sessionPair(new StreamAcceptor(context, { connectMs: 5_000 }))
  return {
    clock,
    denied,
    pool,
    ask: (request) => ask(tunnel.cloud, request),
    loseTokens: tunnel.loseTokens,
    trust(list) {
      issuers = list
      apply()
    },
    configure(change) {
      if (change.settings !== undefined) settings = { ...settings, ...change.settings }
      if (change.authority !== undefined) authority = change.authority
      if (change.system !== undefined) system = change.system
      apply()
      if (change.system !== undefined) pool.secure(security())
    },
    async close() {
      await tunnel.close()
      pool.close()
    },
  }
}

/** Runs with such a connector that trusts these issuers, and closes it. */
export async function withPropagatingConnector(
  parts: ConnectorParts,
  trusted: readonly TrustedIssuer[],
  run: (connector: PropagatingConnector) => Promise<void>,
): Promise<void> {
  const connector = await startPropagatingConnector(parts)
  connector.trust(trusted)
  try {
    await run(connector)
  } finally {
    await connector.close()
  }
}

const modes = ['NONE', 'NONE_RESTRICTED', 'X509_GENERAL', 'X509_RESTRICTED', 'KERBEROS'] as const

function hostOf(protocol: Protocol, mode: AuthenticationMode): string {
  return `${protocol}-${mode}.test`.toLowerCase().replaceAll('_', '-')
}

/** One virtual host for each mode and protocol. */
export function mappingsOf(httpsPort: number, plainPort = 1): SystemMapping[] {
  return (['HTTP', 'HTTPS'] as const).flatMap((protocol) =>
    modes.map((authenticationMode) => ({
      virtualHost: hostOf(protocol, authenticationMode),
      virtualPort: '443',
      internalHost: '127.0.0.1',
      internalPort: String(protocol === 'HTTPS' ? httpsPort : plainPort),
      protocol,
      backendType: 'nonSAPsys' as const,
      authenticationMode,
      hostInHeader: 'virtual' as const,
      allowedClients: [],
      blockedUsers: [],
      createdAtMs: 0,
      resources: [{ id: '/', enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0 }],
    })),
  )
}

async function sessionPair(
  acceptor: StreamAcceptor,
): Promise<{ cloud: Session; loseTokens(): void; close(): Promise<void> }> {
  const listener = createServer()
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const socket = connectTcp({ port, host: '127.0.0.1' })
  // Its heartbeat goes by real time: the test's clock jumps.
  const base = { clock: systemClock, closed: () => {} }
  const cloud = new Session(socket, { ...base, role: 'server', accept: () => null })
  const onPremise = new Session(await accepted, { ...base, role: 'client', accept: () => acceptor })
  cloud.sentTokens = new SentTokens(cloud, systemClock)
  const loseTokens = (): void => {
    onPremise.receivedTokens = new ReceivedTokens()
  }
  loseTokens()
  return {
    cloud,
    loseTokens,
    async close() {
      cloud.destroy()
      onPremise.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}

function ask(cloud: Session, request: Asked): Promise<Answered> {
  const host = hostOf(request.protocol ?? 'HTTPS', request.mode ?? 'X509_RESTRICTED')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const stream = cloud.open({
      streamData(from: Stream, chunk: Buffer) {
        chunks.push(Buffer.from(chunk))
        from.consumed(chunk.length)
      },
      streamEnd: () => resolve(answerOf(Buffer.concat(chunks).toString('latin1'))),
      streamReset: () => reject(new Error('the stream was reset')),
      streamDrain() {},
    })
    const head = [`GET /resource HTTP/1.1`, `Host: ${host}:443`, ...(request.headers ?? []), '', ''].join('\r\n')
    const bytes = Buffer.alloc(128 * 1024)
    const preface = {
      kind: StreamKind.http,
      virtualHost: host,
      virtualPort: 443,
      userToken: request.userToken ?? '',
      technicalToken: request.technicalToken ?? '',
      traceId: '',
      clientId: '',
      ...(request.clientConnection === undefined ? {} : { clientConnection: request.clientConnection }),
    }
    const at = writePreface(bytes, 0, preface, request.inline === true ? null : cloud.sentTokens)
    stream.end(bytes.subarray(0, at + bytes.write(head, at, 'latin1')))
  })
}

function answerOf(text: string): Answered {
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end)
  const raw = text.slice(end + 4)
  const isChunked = /^transfer-encoding: *chunked/im.test(head)
  const body = isChunked
    ? raw
        .split('\r\n')
        .filter((_, index) => index % 2 === 1)
        .join('')
    : raw
  return { status: Number(head.split(' ')[1]), head, body }
}
