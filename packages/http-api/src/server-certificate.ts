import type { Server } from 'node:https'
import { isIP } from 'node:net'
import { certificateFacts, type LocalCa } from '@landbridge/identity'
import type { Clock, Log } from '@landbridge/kernel'

const days = 90
const renewBeforeMs = 30 * 86_400_000
const checkEveryMs = 6 * 3_600_000

/** TLS options of a listener that asks for client certificates, with a server certificate of the platform's authority. */
export async function mutualTlsOptions(ca: LocalCa, names: readonly string[]) {
  const { key, cert } = await issue(ca, names)
  // Any client certificate passes the handshake; whoever relies on one checks it.
  return {
    key,
    cert,
    ca: ca.certificatePem,
    minVersion: 'TLSv1.2',
    requestCert: true,
    rejectUnauthorized: false,
  } as const
}

/** The certificate of a server that is replaced in time. */
export interface FreshCertificate {
  /** PEM, as it is now. */
  readonly certificate: string
  stop(): void
}

/** Replaces the server's certificate in time; running connections stay. */
export function keepCertificateFresh(
  server: Server,
  options: { ca: LocalCa; names: readonly string[]; cert: string; clock: Clock; log: Log },
): FreshCertificate {
  const { ca, names, clock, log } = options
  let current = options.cert
  const renew = async (): Promise<void> => {
    if (certificateFacts(current).notAfter.getTime() - clock.now() > renewBeforeMs) return
    const { key, cert } = await issue(ca, names)
    server.setSecureContext({ key, cert, ca: ca.certificatePem, minVersion: 'TLSv1.2' })
    current = cert
    log.info('server-certificate.renewed', { notAfter: certificateFacts(cert).notAfter.toISOString() })
  }
  const stop = clock.every(checkEveryMs, () => {
    renew().catch((cause: unknown) => log.error('server-certificate.failed', {}, cause))
  })
  return {
    get certificate() {
      return current
    },
    stop,
  }
}

function issue(ca: LocalCa, names: readonly string[]): Promise<{ cert: string; key: string }> {
  const unique = [...new Set(names)]
  return ca.issueServer({
    dnsNames: unique.filter((name) => isIP(name) === 0),
    ipAddresses: unique.filter((name) => isIP(name) !== 0),
    days,
  })
}
