import { type Log, PlatformError } from '@landbridge/kernel'
import type { CertificateKind, CertificateRecord, CertificateSource, CertificateState } from './certificate-record.ts'

export interface InventoryFilter {
  readonly subaccountId?: string
  readonly kind?: CertificateKind
  readonly state?: CertificateState
  /** Beginning of a fingerprint, lower case. */
  readonly fingerprint?: string
  /** Only what ends at this time or before. */
  readonly endsUntilMs?: number
}

export interface InventoryList {
  /** What ends soonest comes first. */
  readonly certificates: readonly CertificateRecord[]
  /** Parts of the system that could not be read now: the list is without theirs. */
  readonly unavailable: readonly string[]
}

/** Every certificate of the system, in one list. Nothing is kept: each part is asked when somebody looks. */
export class CertificateInventory {
  readonly #sources: readonly CertificateSource[]
  readonly #log: Log

  constructor(sources: readonly CertificateSource[], log: Log) {
    this.#sources = sources
    this.#log = log
  }

  async list(filter: InventoryFilter = {}): Promise<InventoryList> {
    const unavailable: string[] = []
    const lists = await Promise.all(
      this.#sources.map(async (source) => {
        try {
          unavailable.push(...((await source.missing?.()) ?? []))
          return await source.list()
        } catch (failure) {
          this.#log.error('certificates.source.failed', { source: source.name }, failure)
          unavailable.push(source.name)
          return []
        }
      }),
    )
    const certificates = lists
      .flat()
      .filter((record) => fits(record, filter))
      .toSorted((a, b) => a.notAfterMs - b.notAfterMs || a.id.localeCompare(b.id))
    return { certificates, unavailable }
  }

  /**
   * @param given a fingerprint or the beginning of one, eight digits at least
   * @throws PlatformError TENANT_CERTIFICATE_UNKNOWN
   */
  async find(given: string): Promise<readonly CertificateRecord[]> {
    const fingerprint = given.toLowerCase().replaceAll(':', '')
    const { certificates } = /^[0-9a-f]{8,64}$/.test(fingerprint)
      ? await this.list({ fingerprint })
      : { certificates: [] }
    if (certificates.length === 0) throw new PlatformError('TENANT_CERTIFICATE_UNKNOWN', { certificate: given })
    return certificates
  }
}

function fits(record: CertificateRecord, filter: InventoryFilter): boolean {
  const { subaccountId, kind, state, fingerprint = '', endsUntilMs } = filter
  return (
    (subaccountId === undefined || record.owner.subaccountId === subaccountId) &&
    (kind === undefined || record.kind === kind) &&
    (state === undefined || record.state === state) &&
    (endsUntilMs === undefined || record.notAfterMs <= endsUntilMs) &&
    record.fingerprint.startsWith(fingerprint)
  )
}
