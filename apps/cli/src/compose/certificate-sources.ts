import { type CertificateRecord, type CertificateSource, readRecord } from '@landbridge/certificates'
import type { LocalCa } from '@landbridge/identity'
import type { Clock } from '@landbridge/kernel'
import type { ConnectorCertificate } from '@landbridge/registry'
import type { RegistryStore, SqlTrustStore } from '@landbridge/store'

const dayMs = 86_400_000
/** Certificates of connectors that ended longer ago are of no interest any more. */
const keptAfterEndMs = 90 * dayMs

/** The certificates with which connectors open tunnels. */
export function tunnelSource(registry: RegistryStore, clock: Clock): CertificateSource {
  return {
    name: 'tunnel',
    async list() {
      const all = await registry.connectors.listAllCertificates(clock.now() - keptAfterEndMs)
      const successors = new Map(all.map(({ predecessor, fingerprint }) => [predecessor ?? '', fingerprint]))
      return all.map((certificate) => tunnelRecord(certificate, successors.get(certificate.fingerprint)))
    },
  }
}

/** @param successor fingerprint of the certificate that took over */
export function tunnelRecord(certificate: ConnectorCertificate, successor?: string): CertificateRecord {
  const { subaccountId, connectorId, locationId, fingerprint, chain, predecessor } = certificate
  const given = {
    kind: 'tunnel',
    name: certificate.description || connectorId,
    owner: { subaccountId, connectorId, ...(locationId === '' ? {} : { locationId }) },
    renewer: certificate.isRenewedByConnector === true ? 'connector' : 'user',
    state: certificate.revoked !== undefined ? 'revoked' : successor === undefined ? 'active' : 'replaced',
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(successor === undefined ? {} : { successor }),
  } as const
  if (chain !== undefined) return readRecord(chain, given)
  // Issued before chains were kept: what the list of good certificates says.
  return {
    ...given,
    id: `tunnel:${subaccountId}:${fingerprint}`,
    fingerprint,
    subject: `CN=${subaccountId}`,
    issuer: '',
    serialNumber: certificate.serial,
    notBeforeMs: certificate.issuedAtMs,
    notAfterMs: certificate.notAfterMs,
    chain: [],
  }
}

/** What connectors report of the certificates that live on them. */
export function connectorSource(registry: RegistryStore, clock: Clock): CertificateSource {
  const reports = () => registry.connectors.listCertificateReports(clock.now() - keptAfterEndMs)
  return {
    name: 'connector',
    async list() {
      return (await reports()).flatMap(({ subaccountId, connectorId, locationId, certificates, reportedAtMs }) =>
        certificates.map(({ chain, ...certificate }) =>
          readRecord(chain, {
            ...certificate,
            owner: { subaccountId, connectorId, ...(locationId === '' ? {} : { locationId }) },
            reportedAtMs,
          }),
        ),
      )
    },
    async missing() {
      return (await reports())
        .filter(({ omitted }) => omitted > 0)
        .map(({ connectorId, omitted }) => `connector ${connectorId}: ${omitted} certificates that it could not report`)
    },
  }
}

interface ServerCertificate {
  readonly name: string
  /** PEM. */
  readonly certificate: string
  /** Default: the platform, by itself. */
  readonly renewer?: CertificateRecord['renewer']
  readonly subaccountId?: string
}

/** What is shown to those who connect to this process, and to the proxies that are connected to it. */
export function serverSource(present: () => Promise<readonly ServerCertificate[]>): CertificateSource {
  return {
    name: 'server',
    list: async () =>
      (await present()).map(({ name, certificate, renewer = 'platform', subaccountId = '' }) =>
        readRecord(certificate, { kind: 'server', name, owner: { subaccountId }, renewer }),
      ),
  }
}

/** The key pairs with which a subaccount signs SAML assertions. */
export function samlTrustSource(trust: SqlTrustStore): CertificateSource {
  return {
    name: 'saml-trust',
    async list() {
      return (await trust.certificates()).map(({ subaccountId, role, certificate }) =>
        readRecord(certificate, { kind: 'saml-trust', name: role, owner: { subaccountId }, renewer: 'user' }),
      )
    },
  }
}

/** Certificates of service bindings, with which applications get tokens. */
export function bindingSource(registry: RegistryStore): CertificateSource {
  return {
    name: 'binding',
    async list() {
      const records: CertificateRecord[] = []
      for (const { id: subaccountId } of await registry.listSubaccounts())
        for (const { id: instanceId, name: instance } of await registry.listInstances(subaccountId))
          for (const { certificate, name } of await registry.listBindings(instanceId))
            if (certificate !== undefined)
              records.push(
                readRecord(certificate, {
                  kind: 'binding',
                  name: `${instance}/${name}`,
                  owner: { subaccountId, instanceId },
                  renewer: 'user',
                }),
              )
      return records
    },
  }
}

/** The authorities of the platform itself. */
export function authoritySource(
  local: LocalCa,
  issued: Readonly<Record<string, { find(): Promise<{ readonly certificate: string } | undefined> }>>,
): CertificateSource {
  const owner = { subaccountId: '' }
  return {
    name: 'local-ca',
    async list() {
      const records = [readRecord(local.certificatePem, { kind: 'local-ca', name: 'platform', owner, renewer: 'user' })]
      for (const [name, store] of Object.entries(issued)) {
        const kept = await store.find()
        if (kept !== undefined)
          records.push(readRecord(kept.certificate, { kind: 'local-ca', name, owner, renewer: 'platform' }))
      }
      return records
    },
  }
}
