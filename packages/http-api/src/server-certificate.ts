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

/** Replaces the server's certificate in time; running connections stay. @returns a function that ends this. */
export function keepCertificateFresh(
  server: Server,
  options: { ca: LocalCa; names: readonly string[]; cert: string; clock: Clock; log: Log },
): () => void {
  const { ca, names, clock, log } = options
  let notAfterMs = certificateFacts(options.cert).notAfter.getTime()
  const renew = async (): Promise<void> => {
    if (notAfterMs - clock.now() > renewBeforeMs) return
    const { key, cert } = await issue(ca, names)
    server.setSecureContext({ key, cert, ca: ca.certificatePem, minVersion: 'TLSv1.2' })
    notAfterMs = certificateFacts(cert).notAfter.getTime()
    log.info('server-certificate.renewed', { notAfter: new Date(notAfterMs).toISOString() })
  }
  return clock.every(checkEveryMs, () => {
    renew().catch((cause: unknown) => log.error('server-certificate.failed', {}, cause))
  })
}

function issue(ca: LocalCa, names: readonly string[]): Promise<{ cert: string; key: string }> {
  const unique = [...new Set(names)]
  return ca.issueServer({
    dnsNames: unique.filter((name) => isIP(name) === 0),
    ipAddresses: unique.filter((name) => isIP(name) !== 0),
    days,
  })
}
