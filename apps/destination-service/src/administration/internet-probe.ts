import { isIP } from 'node:net'
import { getCACertificates } from 'node:tls'
import {
  type CertificateStore,
  type EndpointPolicy,
  findCertificate,
  flag,
  type Probe,
  type ProbeAnswer,
  present,
  readKeyStore,
  type StoredDestination,
} from '@landbridge/destinations'
import { causesOf, codeOf, guardedLookup, isTimeout } from '@landbridge/http-api'
import { isPlatformError } from '@landbridge/kernel'
import { Agent, buildConnector, request } from 'undici'

export interface InternetProbeOptions {
  readonly policy: EndpointPolicy
  readonly certificates?: Pick<CertificateStore, 'find'> | undefined
  /** Certificates trusted besides the machine's, in PEM form. */
  readonly ca?: string | undefined
  readonly timeoutMs: number
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the target refuses connections',
  ECONNRESET: 'the target closed the connection',
  UND_ERR_SOCKET: 'the target closed the connection',
  EHOSTUNREACH: 'the target cannot be reached',
  ENETUNREACH: 'the target cannot be reached',
  ETIMEDOUT: 'the target did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'the target did not answer in time',
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name cannot be resolved',
  CERT_HAS_EXPIRED: 'the certificate of the target has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the target is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the target is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the target is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of the target is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the target is for another host',
}

const privateTarget = 'the target is a private endpoint'

class PrivateTarget extends Error {}

/**
 * Probes targets on the Internet directly, with the trust settings of the destination. Private endpoints are refused at
 * the moment of connecting (guide L6073-6076). Redirects are not followed, bodies not read.
 */
export function internetProbe(options: InternetProbeOptions): Probe {
  return async ({ method, url, headers, destination }): Promise<ProbeAnswer> => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
    // A literal address is connected to without a lookup.
    if (isIP(host) !== 0 && !options.policy.permits(host, host)) return { failure: privateTarget }
    const trust = await trustOf(destination, options)
    if ('failure' in trust) return trust
    const lookup = guardedLookup((name, address) => {
      if (!options.policy.permits(name, address)) throw new PrivateTarget()
    })
    const agent = new Agent({
      allowH2: false,
      headersTimeout: options.timeoutMs,
      connect: buildConnector({ ...trust, timeout: options.timeoutMs, lookup }),
    })
    try {
      const signal = AbortSignal.timeout(options.timeoutMs)
      const answer = await request(url, { method, headers, dispatcher: agent, signal })
      return { status: answer.statusCode }
    } catch (cause) {
      return { failure: failureOf(cause) }
    } finally {
      await agent.destroy()
    }
  }
}

type Trust = { readonly rejectUnauthorized: boolean; readonly ca?: string[] }

/** `TrustAll`, else the trust store of the destination, else the certificates of the machine. */
async function trustOf(
  { properties, level }: StoredDestination,
  { certificates, ca }: InternetProbeOptions,
): Promise<Trust | { readonly failure: string }> {
  if (flag(properties, 'TrustAll', false)) return { rejectUnauthorized: false }
  const location = present(properties, 'TrustStoreLocation')
  if (location === undefined || location === 'default')
    return { rejectUnauthorized: true, ca: [...getCACertificates('default'), ...(ca === undefined ? [] : [ca])] }
  const file = certificates && (await findCertificate(certificates, level, location))
  if (file === undefined) return { failure: `the trust store ${location} does not exist` }
  try {
    const { trusted } = await readKeyStore(file.content, present(properties, 'TrustStorePassword'))
    if (trusted.length === 0) return { failure: `the trust store ${location} holds no certificate` }
    return { rejectUnauthorized: true, ca: trusted.map((certificate) => certificate.toString()) }
  } catch (cause) {
    if (!isPlatformError(cause)) throw cause
    return { failure: `the trust store ${location} cannot be used: ${String(cause.facts.reason)}` }
  }
}

function failureOf(cause: unknown): string {
  if ([...causesOf(cause)].some((error) => error instanceof PrivateTarget)) return privateTarget
  const code = codeOf(cause, (one) => Object.hasOwn(reasons, one))
  const reason = code === undefined ? undefined : reasons[code]
  return reason ?? (isTimeout(cause) ? 'the target did not answer in time' : 'the target could not be reached')
}
