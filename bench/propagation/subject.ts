import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa, selfSigned } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { type CertificateFiles, connectorIdentity } from '../host/certificates.ts'
import { startNodeScript } from '../host/node-script.ts'
import { place } from '../host/placement.ts'
import type { Entry } from '../peers/peer.ts'
import type { AgentSettings, CloudSettings } from '../processes/settings.ts'
import { createToken } from '../subjects/token.ts'
import { startSecureBackend } from './backend.ts'

/** The data plane in front of a system that knows its users by certificate. */
export interface PropagationSubject {
  /** Nobody is propagated, and the system speaks plain HTTP. */
  readonly plain: Entry
  /** Nobody is propagated; the system speaks TLS and demands the connector's certificate. */
  readonly secure: Entry
  /** The same, and each request carries one of the users, in turn. */
  readonly users: Entry
  readonly pids: { readonly cloud: number; readonly connector: number }
  /** Keeps the processes apart: see host/placement.ts. */
  place(): void
  /** What cloud and connector said last, for failure reports. */
  lastWords(): string
  stop(): Promise<void>
}

/** Starts cloud and connector as processes, with `users` people who all have tokens of their own. */
export async function startPropagationSubject(
  nginx: string,
  folder: string,
  certificates: CertificateFiles,
  users: number,
): Promise<PropagationSubject> {
  const ca = await LocalCa.create({ subject: { CN: 'benchmark backends' }, days: 1 })
  const wish = { keySize: 2048 } as const
  const system = await selfSigned({ ...wish, purpose: 'client', subject: 'CN=connector' }, 1, systemClock)
  const authority = await selfSigned({ ...wish, purpose: 'authority', subject: 'CN=users' }, 1, systemClock)
  const backend = await startSecureBackend(nginx, join(folder, 'backend'), ca, system)
  const token = await createToken(connectorIdentity.subaccountId)
  const { jwks, issuer, clientId } = token
  const cloud = await start('cloud.ts', folder, {
    ...connectorIdentity,
    ca: certificates.ca,
    ...certificates.server,
    ...{ jwks, issuer, clientId },
  } satisfies CloudSettings)
  const secure = { virtualPort: 80, port: backend.securePort, protocol: 'HTTPS' } as const
  const agent = await start('agent.ts', folder, {
    ...connectorIdentity,
    ca: certificates.ca,
    ...certificates.client,
    controlPort: Number(cloud.ready.controlPort),
    mappings: [
      { virtualHost: 'plain.virtual', virtualPort: 80, port: backend.plainPort, protocol: 'HTTP' },
      { virtualHost: 'secure.virtual', ...secure },
      { virtualHost: 'users.virtual', ...secure, authenticationMode: 'X509_RESTRICTED' },
    ],
    propagation: {
      backendCa: ca.certificatePem,
      system: { cert: system.cert, key: system.key.reveal() },
      authority: { cert: authority.cert, key: authority.key.reveal() },
      ...{ issuer, jwks },
    },
  } satisfies AgentSettings)
  const names = Array.from({ length: users }, (_, index) => `user-${index}@plant.example`)
  const tokens = await Promise.all(names.map(token.userToken))
  const entry = (virtualHost: string): Entry => ({
    host: '127.0.0.1',
    port: Number(cloud.ready.httpPort),
    targetPrefix: `http://${virtualHost}:80`,
    headers: { 'Proxy-Authorization': `Bearer ${token.text}` },
  })
  return {
    plain: entry('plain.virtual'),
    secure: entry('secure.virtual'),
    users: {
      ...entry('users.virtual'),
      variants: tokens.map((text) => ({ 'SAP-Connectivity-Authentication': `Bearer ${text}` })),
    },
    pids: { cloud: cloud.pid, connector: agent.pid },
    place() {
      place(cloud.pid, 'cloud', 'apart')
      place(agent.pid, 'connector', 'apart')
      place(backend.pid, 'backend', 'apart')
    },
    lastWords: () => `${cloud.lastWords()}\n${agent.lastWords()}`,
    async stop() {
      await agent.stop()
      await cloud.stop()
      await backend.stop()
    },
  }
}

function start(script: string, folder: string, settings: CloudSettings | AgentSettings) {
  const file = join(folder, script.replace('.ts', '.json'))
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 })
  return startNodeScript(script, [file])
}
