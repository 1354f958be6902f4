// Our cloud side as a process: HTTP proxy, SOCKS5 proxy and tunnel server as the connectivity proxy runs them for several tenants,
// with token verification. Argument: a file with CloudSettings. Prints one line of JSON with its ports.
import { readFileSync } from 'node:fs'
import { staticKeySource, TokenVerifier } from '@landbridge/identity'
import { createLog, systemClock } from '@landbridge/kernel'
import {
  type AccessPolicy,
  Authorizer,
  HttpFront,
  Listener,
  SocksFront,
  TunnelServer,
  TunnelTable,
} from '@landbridge/proxy'
import { startControlListener } from './control-listener.ts'
import { type CloudSettings, exitOnTerm, readSettings } from './settings.ts'

exitOnTerm()
const settings = readSettings<CloudSettings>()
const cert = readFileSync(settings.cert, 'utf8')
const key = readFileSync(settings.key, 'utf8')
const ca = readFileSync(settings.ca, 'utf8')
const clock = systemClock
const log = createLog((level, event, facts) => process.stderr.write(`${level} ${event} ${JSON.stringify(facts)}\n`))

const control = await startControlListener(cert, key, ca)
const address = { host: '127.0.0.1', serverName: 'localhost', proxyId: 'benchmark', displayName: 'benchmark' }
const table = new TunnelTable(
  { requestTunnel: async (request) => control.send({ type: 'open-tunnel', ...request }) },
  { ...address, port: 0 },
  clock,
)
const server = new TunnelServer({ host: '127.0.0.1', port: 0, cert, key, ca, table, clock, log })
table.announce({ ...address, port: await server.listen() })

const policy: AccessPolicy = {
  authorization: true,
  tenantMode: 'shared',
  subaccountId: '',
  acceptClient: (token) => token.clientId === settings.clientId,
  acceptServiceClient: () => false,
  userTokenNamesTenant: false,
  mayActFor: () => false,
}
const verifier = new TokenVerifier({
  keys: staticKeySource(settings.jwks),
  clock,
  acceptIssuer: (issuer) => issuer === settings.issuer,
})
const authorizer = new Authorizer(policy, verifier)
const http = new HttpFront({ authorizer, tunnels: table, clock, log })
const httpListener = await Listener.open('127.0.0.1', 0, 'servers.proxy.http.port', (socket) => http.accept(socket))
const socks = new SocksFront({ authorizer, tunnels: table, clock, log })
const socksListener = await Listener.open('127.0.0.1', 0, 'servers.proxy.socks5.port', (socket) => socks.accept(socket))

const ports = { controlPort: control.port, httpPort: httpListener.port, socksPort: socksListener.port }
process.stdout.write(`${JSON.stringify(ports)}\n`)
