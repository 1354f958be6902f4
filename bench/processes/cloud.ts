// The cloud side of the data plane alone in a process: HTTP proxy, SOCKS5 proxy, tunnel server. Tokens and access
// control are checked as in the product; only the connectivity service is replaced by messages over IPC.
import { LocalCa, newSigningKey, publicJwk, staticKeySource, TokenVerifier } from '@landbridge/identity'
import { silentLog, systemClock } from '@landbridge/kernel'
import { Authorizer, HttpFront, Listener, TunnelServer, TunnelTable } from '@landbridge/proxy'
import { signToken, subaccountId } from './token.ts'

const signingKey = await newSigningKey({ generation: 1, algorithm: 'RS256', createdAtMs: 0, activeFromMs: 0 })
const verifier = new TokenVerifier({
  keys: staticKeySource({ keys: [await publicJwk(signingKey)] }),
  clock: systemClock,
  acceptIssuer: (issuer) => issuer === 'https://bench.localhost/oauth/token',
})
const ca = await LocalCa.create({ subject: { CN: 'bench CA' } })
const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
const agent = await ca.issueClient({ subject: { CN: subaccountId, OU: 'bench-agent', O: 'Landbridge' }, days: 1 })

const address = { host: '127.0.0.1', port: 0, serverName: 'localhost', proxyId: 'bench', displayName: 'bench' }
const table = new TunnelTable(
  {
    async requestTunnel(request) {
      process.send?.({ type: 'open-tunnel', request })
    },
  },
  address,
  systemClock,
)
const tunnelServer = new TunnelServer({
  host: '127.0.0.1',
  port: 0,
  cert: server.cert,
  key: server.key,
  ca: ca.certificatePem,
  table,
  clock: systemClock,
  log: silentLog,
})
table.announce({ ...address, port: await tunnelServer.listen() })
const authorizer = new Authorizer(
  {
    authorization: true,
    tenantMode: 'shared',
    subaccountId: '',
    acceptClient: (token) => token.clientId === 'bench',
    acceptServiceClient: () => false,
    userTokenNamesTenant: true,
    mayActFor: () => false,
  },
  verifier,
)
const front = new HttpFront({ authorizer, tunnels: table, clock: systemClock, log: silentLog })
const http = await Listener.open('127.0.0.1', 0, 'http', (socket) => front.accept(socket))
process.send?.({
  type: 'ready',
  httpPort: http.port,
  token: await signToken(signingKey),
  agent: { ca: ca.certificatePem, cert: agent.cert, key: agent.key },
})
process.on('disconnect', () => process.exit(0))
