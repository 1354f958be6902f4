// The on-premise side of the data plane alone in a process: opens the tunnel that the cloud process asks for and serves
// it with one HTTP mapping (access control on) and one TCP mapping.
import { compileAccess } from '@landbridge/access'
import { BackendPool, StreamAcceptor, type SubaccountContext, TunnelLink } from '@landbridge/connector'
import { Secret, silentLog, systemClock } from '@landbridge/kernel'
import { subaccountId } from './token.ts'

interface Start {
  readonly type: 'start'
  readonly agent: { readonly ca: string; readonly cert: string; readonly key: string }
  readonly backendPort: number
  readonly tcpPort: number
}

process.on('message', (message: Start | { type: 'open-tunnel'; request: never }) => {
  if (message.type === 'start') start(message)
})
process.on('disconnect', () => process.exit(0))

function start(options: Start): void {
  const mapping = (protocol: 'HTTP' | 'TCP', virtualHost: string, internalPort: number) => ({
    virtualHost,
    virtualPort: '8000',
    internalHost: '127.0.0.1',
    internalPort: String(internalPort),
    protocol,
    backendType: 'nonSAPsys' as const,
    authenticationMode: 'NONE' as const,
    hostInHeader: 'virtual' as const,
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources:
      protocol === 'TCP'
        ? []
        : [{ id: '/', enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: true, createdAtMs: 0 }],
  })
  const access = compileAccess([
    mapping('HTTP', 'backend.virtual', options.backendPort),
    mapping('TCP', 'tcp.virtual', options.tcpPort),
  ])
  const trust = { trustAllBackends: false, certificates: [] }
  const context: SubaccountContext = {
    subaccountId,
    access,
    domainMappings: [],
    backends: new BackendPool(systemClock, { trust }),
    propagate: null,
    log: silentLog,
    denied: () => {},
  }
  const acceptor = new StreamAcceptor(context, { connectMs: 10_000 })
  process.on('message', (message: { type: string; request: never }) => {
    if (message.type !== 'open-tunnel') return
    TunnelLink.open({
      request: message.request,
      subaccount: {
        subaccountId,
        regionHost: 'bench',
        locationId: '',
        description: '',
        connected: true,
        loadSharing: false,
        tunnelConnections: 1,
        endpoint: { notificationHost: 'localhost', port: 0, ca: options.agent.ca },
        certificate: options.agent.cert,
        privateKey: new Secret(options.agent.key),
        access,
        domainMappings: [],
        trustedIssuers: [],
      },
      connectorId: 'bench-agent',
      version: '0.1.0',
      httpsProxy: undefined,
      acceptor,
      clock: systemClock,
      log: silentLog,
      closed: () => {},
      signal: new AbortController().signal,
    }).catch((failure: unknown) => {
      console.error(failure)
      process.exit(1)
    })
  })
  process.send?.({ type: 'ready' })
}
