import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CertificateFiles, connectorIdentity } from '../host/certificates.ts'
import { startNodeScript } from '../host/node-script.ts'
import type { Backend, Entry, Peer } from '../peers/peer.ts'
import type { AgentSettings, CloudSettings } from '../processes/settings.ts'
import { type BenchmarkToken, createToken } from './token.ts'

const webHost = 'web.virtual'
const uploadHost = 'upload.virtual'
const echoHost = 'echo.virtual'
const echoPort = 7

/** Our own data plane: cloud process and connector process; token and access control are checked on every request. */
export const landbridge: Peer = {
  name: 'landbridge',
  description: 'Landbridge, cloud proxy and connector, token and access control checked on every request',
  available: () => undefined,
  async start({ backend, certificates, folder }) {
    const token = await createToken(connectorIdentity.subaccountId)
    const cloud = await startNodeScript('cloud.ts', [writeSettings(folder, cloudSettings(certificates, token))])
    const { controlPort, httpPort, socksPort } = cloud.ready as Record<string, number>
    const agent = await startNodeScript('agent.ts', [
      writeSettings(folder, agentSettings(certificates, backend, controlPort!)),
    ])
    return {
      web: proxyEntry(httpPort!, webHost, token),
      upload: proxyEntry(httpPort!, uploadHost, token),
      socks: { port: socksPort!, token: token.text, targetHost: echoHost, targetPort: echoPort },
      pids: { cloud: cloud.pid, connector: agent.pid },
      async stop() {
        await agent.stop()
        await cloud.stop()
      },
    }
  },
}

function cloudSettings({ ca, server }: CertificateFiles, { jwks, issuer, clientId }: BenchmarkToken): CloudSettings {
  return { ...connectorIdentity, ca, cert: server.cert, key: server.key, jwks, issuer, clientId }
}

function agentSettings({ ca, client }: CertificateFiles, backend: Backend, controlPort: number): AgentSettings {
  return {
    ...connectorIdentity,
    ca,
    cert: client.cert,
    key: client.key,
    controlPort,
    mappings: [
      { virtualHost: webHost, virtualPort: 80, port: backend.webPort, protocol: 'HTTP' },
      { virtualHost: uploadHost, virtualPort: 80, port: backend.uploadPort, protocol: 'HTTP' },
      { virtualHost: echoHost, virtualPort: echoPort, port: backend.echoPort, protocol: 'TCP' },
    ],
  }
}

function proxyEntry(port: number, virtualHost: string, { text }: BenchmarkToken): Entry {
  return {
    host: '127.0.0.1',
    port,
    targetPrefix: `http://${virtualHost}:80`,
    headers: { 'Proxy-Authorization': `Bearer ${text}` },
  }
}

function writeSettings(folder: string, settings: CloudSettings | AgentSettings): string {
  const file = join(folder, 'jwks' in settings ? 'cloud.json' : 'agent.json')
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 })
  return file
}
