import { certificateFacts, splitPemChain } from '@landbridge/identity'
import type { ConnectorPlace } from './bus-message.ts'

/** What a connector uses a certificate for, besides its tunnels: those the cloud side issued itself. */
const reportedKinds = ['connector-ui', 'connector-system', 'connector-ca', 'connector-trust'] as const

/** The public part of a certificate that lives on a connector. */
export interface ReportedCertificate {
  readonly kind: (typeof reportedKinds)[number]
  readonly name: string
  readonly renewer: 'connector' | 'user'
  /** PEM, leaf first. */
  readonly chain: string
}

/** What a connector last said of its own certificates. */
export interface CertificateReport extends ConnectorPlace {
  readonly certificates: readonly ReportedCertificate[]
  /** Certificates of the connector that are not in the report: too many of them, or nothing that can be read. */
  readonly omitted: number
  readonly reportedAtMs: number
}

const mostCertificates = 200
const longestChain = 20_000
const mostOmitted = 1_000_000

/**
 * Reads what a connector sent. Its certificate proves who it is and nothing of what it says: what is no certificate is
 * left out and counted, never kept as it came. Undefined when it is no report.
 */
export function parseCertificateReport(
  message: Readonly<Record<string, unknown>>,
): Pick<CertificateReport, 'certificates' | 'omitted'> | undefined {
  const { certificates, omitted } = message
  if (!Array.isArray(certificates)) return undefined
  const read = certificates.slice(0, mostCertificates).map(readCertificate)
  const kept = read.filter((one) => one !== undefined)
  const own = typeof omitted === 'number' && Number.isSafeInteger(omitted) && omitted > 0 ? omitted : 0
  return { certificates: kept, omitted: Math.min(mostOmitted, own + certificates.length - kept.length) }
}

function readCertificate(given: unknown): ReportedCertificate | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { kind, name, renewer, chain } = given as Readonly<Record<string, unknown>>
  const known = reportedKinds.find((one) => one === kind)
  // Without control characters: names are printed.
  if (known === undefined || typeof name !== 'string' || !/^[^\p{Cc}]{1,200}$/u.test(name)) return undefined
  if (typeof chain !== 'string' || chain.length > longestChain) return undefined
  try {
    certificateFacts(chain)
    return {
      kind: known,
      name,
      renewer: renewer === 'connector' ? renewer : 'user',
      chain: splitPemChain(chain).join(''),
    }
  } catch {
    return undefined
  }
}
