import { createHash } from 'node:crypto'
import { type AgentOptions, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls'
import { type Destination, tlsOptionsOf } from '@landbridge/client'
import { invalid } from '../lookup/check-destination.ts'

/** Agents for targets with TLS settings of their own; the one that was used longest ago goes. */
const maxAgents = 100
// Shorter than what servers usually keep an unused connection: a request on one that just closes fails.
const shared: AgentOptions = { keepAlive: true, timeout: 4_000, scheduling: 'lifo' }

/** Connections to targets and to the connectivity proxy, kept and shared among requests with the same settings. */
export class TargetAgents {
  readonly plain: HttpAgent
  readonly #options: AgentOptions
  readonly #tls: Map<string, HttpsAgent>

  constructor(options: AgentOptions = shared) {
    this.#options = options
    this.plain = new HttpAgent(options)
    this.#tls = new Map()
  }

  /** @throws PlatformError CLIENT_KEY_STORE_UNUSABLE, TRANSPARENT_PROXY_DESTINATION_INVALID */
  tls(destination: Destination): HttpsAgent {
    const settings = settingsOf(destination)
    const lenient = destination.getProperty('HostnameVerifier')?.toLowerCase() === 'browsercompatible'
    const key = keyOf({ ...settings, lenient })
    const known = this.#tls.get(key)
    this.#tls.delete(key)
    const agent = known ?? newAgent(destination, settings, lenient, this.#options)
    this.#tls.set(key, agent)
    // What runs goes on; only unused connections end.
    if (this.#tls.size > maxAgents) this.#tls.delete(this.#tls.keys().next().value!)
    return agent
  }

  close(): void {
    this.plain.destroy()
    for (const agent of this.#tls.values()) agent.destroy()
    this.#tls.clear()
  }
}

/** Key and trust stores are read once, here: what is wrong with them is told as such. */
function newAgent(
  destination: Destination,
  settings: ReturnType<typeof settingsOf>,
  lenient: boolean,
  options: AgentOptions,
): HttpsAgent {
  const { rejectUnauthorized, ...stores } = settings
  let secureContext: SecureContext
  try {
    secureContext = createSecureContext(stores)
  } catch {
    throw invalid(destination, 'its key store or trust store cannot be read: check type and password')
  }
  return new HttpsAgent({
    ...options,
    secureContext,
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(lenient ? { checkServerIdentity: browserCompatible } : {}),
  })
}

function settingsOf(destination: Destination) {
  return { ...tlsOptionsOf(destination), ...versionOf(destination) }
}

const versions = { 'TLSv1.2': true, 'TLSv1.3': true } as const

function versionOf(destination: Destination): Pick<ConnectionOptions, 'minVersion' | 'maxVersion'> {
  const version = destination.getProperty('TLSVersion')
  if (version === undefined || version === '') return {}
  if (!Object.hasOwn(versions, version)) throw invalid(destination, `TLSVersion must be TLSv1.2 or TLSv1.3`)
  const known = version as keyof typeof versions
  return { minVersion: known, maxVersion: known }
}

/** As `Strict`, but `*.example.com` also stands for names of several labels (guide L6738). */
function browserCompatible(host: string, certificate: PeerCertificate): Error | undefined {
  const strict = checkServerIdentity(host, certificate)
  if (strict === undefined) return undefined
  // As for `Strict`, a wildcard stands below a domain of at least two labels.
  const names = (certificate.subjectaltname ?? '').split(', ').filter((name) => /^DNS:\*(?:\.[^.*]+){2,}$/.test(name))
  return names.some((name) => host.toLowerCase().endsWith(name.slice(5).toLowerCase())) ? undefined : strict
}

function keyOf(settings: object): string {
  const hash = createHash('sha256')
  for (const [name, value] of Object.entries(settings))
    hash
      .update(name)
      .update(Buffer.isBuffer(value) ? value : String(value))
      .update('\n')
  return hash.digest('base64')
}
