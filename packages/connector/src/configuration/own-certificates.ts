import { X509Certificate } from 'node:crypto'
import type { ConnectorConfiguration } from './model.ts'

/** The public part of a certificate that lives on this connector. */
export interface OwnCertificate {
  readonly kind: 'connector-ui' | 'connector-system' | 'connector-ca' | 'connector-trust'
  readonly name: string
  /** Who makes the next one. */
  readonly renewer: 'connector' | 'user'
  /** PEM, leaf first. */
  readonly chain: string
}

/** What the connector lives on besides its tunnels: its own certificates, and those of backends that it trusts. */
export function ownCertificates({ settings, trustedCertificates }: ConnectorConfiguration): readonly OwnCertificate[] {
  const { uiCertificate, systemCertificate, ppCaCertificate } = settings
  const own = (kind: OwnCertificate['kind'], name: string, renewer: OwnCertificate['renewer'], chain?: string) =>
    chain === undefined ? [] : [{ kind, name, renewer, chain }]
  return [
    ...own(
      'connector-ui',
      'administration port',
      uiCertificate?.isInstalled === true ? 'user' : 'connector',
      uiCertificate?.cert,
    ),
    ...own('connector-system', 'system certificate', 'user', systemCertificate?.cert),
    ...own('connector-ca', 'principal propagation', 'user', ppCaCertificate?.cert),
    ...Array.from(trustedCertificates.values(), ({ alias, pem }) => ({
      kind: 'connector-trust' as const,
      name: alias,
      renewer: 'user' as const,
      chain: pem,
    })),
  ]
}

/** A control message has 64 KiB at most. */
const longestReport = 60_000

/**
 * The control message that tells the cloud side of them; never of keys. What there is no room for is counted: the
 * trusted certificates that end last.
 */
export function certificateReport(certificates: readonly OwnCertificate[]): {
  readonly type: 'certificates'
  readonly certificates: readonly OwnCertificate[]
  readonly omitted: number
} {
  const isOwn = ({ kind }: OwnCertificate): boolean => kind !== 'connector-trust'
  const endOf = ({ chain }: OwnCertificate): number => new X509Certificate(chain).validToDate.getTime()
  const trusted = certificates.filter((one) => !isOwn(one)).toSorted((a, b) => endOf(a) - endOf(b))
  const kept: OwnCertificate[] = []
  let size = 0
  for (const one of [...certificates.filter(isOwn), ...trusted]) {
    size += JSON.stringify(one).length
    if (size > longestReport) break
    kept.push(one)
  }
  return { type: 'certificates', certificates: kept, omitted: certificates.length - kept.length }
}
