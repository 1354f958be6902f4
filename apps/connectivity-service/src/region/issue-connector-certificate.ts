import { certificateFacts, type LocalCa } from '@landbridge/identity'
import type { Clock, Log, Transaction } from '@landbridge/kernel'
import type { ConnectorCertificate, ConnectorRepository } from '@landbridge/registry'
import type { ConnectivityServiceConfig } from '../config.ts'

/** Told of every certificate of a connector that took over from another, in the transaction of its entry. */
export type ConnectorCertificateReplaced = (
  next: ConnectorCertificate,
  former: ConnectorCertificate,
  within: Transaction,
) => Promise<void>

export interface ConnectorCertificateIssuer {
  readonly config: ConnectivityServiceConfig
  readonly connectors: ConnectorRepository
  readonly ca: LocalCa
  readonly certificateReplaced?: ConnectorCertificateReplaced
  readonly clock: Clock
  readonly log: Log
}

/** What the certificate is for; identity is the caller's decision, only the key comes from the request. */
export type WantedConnectorCertificate = Pick<
  ConnectorCertificate,
  'subaccountId' | 'connectorId' | 'locationId' | 'description' | 'initiatedBy'
> & {
  readonly csr: string
  readonly predecessor?: string
  readonly isRenewedByConnector: boolean
}

/** Signs the certificate of a connector and enters it into the list of good ones. */
export async function issueConnectorCertificate(
  { config, connectors, ca, certificateReplaced, clock, log }: ConnectorCertificateIssuer,
  { csr, ...wanted }: WantedConnectorCertificate,
): Promise<{ certificate: string; ca: string }> {
  const { subaccountId, connectorId, locationId } = wanted
  const chain = await ca.issueClientFromCsr({
    csrPem: csr,
    // The user who pairs is not part of it (guide L31422).
    subject: { CN: subaccountId, L: config.regionHost, OU: connectorId, O: 'Landbridge' },
    days: config.connectorCertificateDays,
  })
  const facts = certificateFacts(chain)
  const certificate: ConnectorCertificate = {
    ...wanted,
    fingerprint: facts.fingerprint,
    serial: facts.serialNumber,
    chain,
    issuedAtMs: clock.now(),
    notAfterMs: facts.notAfter.getTime(),
  }
  await connectors.insertCertificate(certificate, async (former, within) => {
    if (former !== undefined) await certificateReplaced?.(certificate, former, within)
  })
  log.info('connector.certificate.issued', {
    subaccountId,
    locationId,
    connectorId,
    fingerprint: facts.fingerprint,
    ...(wanted.predecessor === undefined ? {} : { predecessor: wanted.predecessor }),
  })
  return { certificate: chain, ca: ca.certificatePem }
}
