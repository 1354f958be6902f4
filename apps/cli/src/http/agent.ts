import { lookup as systemLookup } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { rootCertificates, type SecureContextOptions } from 'node:tls'
import { Agent } from 'undici'

export interface AgentOptions {
  /** PEM files to trust in addition to the certificates that Node trusts. */
  readonly caFiles: readonly string[]
  /** More of them, as PEM text. */
  readonly ca?: readonly string[]
  /** Names that lead to `address`, whether the machine resolves them or not. */
  readonly hostNames: readonly string[]
  readonly address: string
  /** A client certificate, and what to trust in place of all others. */
  readonly tls?: SecureContextOptions & { readonly rejectUnauthorized?: boolean }
}

/**
 * An HTTP client that trusts the platform's CA and reaches the platform's names. Names below `localhost` are
 * the loopback address by definition (RFC 6761 section 6.3), though not every resolver says so.
 */
export function createAgent(options: AgentOptions): Agent {
  const extra = [...options.caFiles.map((file) => readFileSync(file, 'utf8')), ...(options.ca ?? [])]
  return new Agent({
    connect: {
      ...(extra.length === 0 ? {} : { ca: [...rootCertificates, ...extra] }),
      ...options.tls,
      timeout: 10_000,
      lookup(hostname, lookupOptions, callback) {
        const known = options.hostNames.includes(hostname) ? options.address : loopback(hostname)
        if (known === undefined) {
          systemLookup(hostname, lookupOptions, callback)
          return
        }
        const family = isIP(known)
        if (lookupOptions.all) (callback as unknown as AllCallback)(null, [{ address: known, family }])
        else callback(null, known, family)
      },
    },
  })
}

/** The second form of the callback of `dns.lookup`, which the type of `connect` leaves out. */
type AllCallback = (failure: null, addresses: readonly { address: string; family: number }[]) => void

function loopback(hostname: string): string | undefined {
  return hostname === 'localhost' || hostname.endsWith('.localhost') ? '127.0.0.1' : undefined
}
