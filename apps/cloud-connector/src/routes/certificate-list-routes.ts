import { type CertificateKind, type CertificateRecord, readRecord, toSharedRecord } from '@landbridge/certificates'
import type { ConnectorConfiguration } from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { type ApiContext, sendJson } from './context.ts'

/** All certificates that this connector lives on, in the shape of the cloud side's inventory. */
export function certificateListRoutes(api: FastifyInstance, { store }: ApiContext): void {
  api.get('/api/v1/landbridge/certificates', (_request, reply) => {
    const certificates = certificatesOf(store.current).toSorted((a, b) => a.notAfterMs - b.notAfterMs)
    return sendJson(reply, { certificates: certificates.map(toSharedRecord), unavailable: [] })
  })
}

function certificatesOf({ settings, subaccounts }: ConnectorConfiguration): readonly CertificateRecord[] {
  const { installationId: connectorId, uiCertificate, systemCertificate, ppCaCertificate } = settings
  const own = (kind: CertificateKind, name: string, isOurs: boolean, chain: string | undefined) =>
    chain === undefined
      ? []
      : [
          readRecord(chain, {
            kind,
            name,
            owner: { subaccountId: '', connectorId },
            renewer: isOurs ? 'connector' : 'user',
          }),
        ]
  return [
    ...own('connector-ui', 'administration port', uiCertificate?.isInstalled !== true, uiCertificate?.cert),
    ...own('connector-system', 'system certificate', false, systemCertificate?.cert),
    ...own('connector-ca', 'principal propagation', false, ppCaCertificate?.cert),
    ...Array.from(subaccounts.values(), ({ subaccountId, regionHost, locationId, certificate, autoCertRenewal }) =>
      readRecord(certificate, {
        kind: 'tunnel',
        name: `${subaccountId}@${regionHost}`,
        owner: { subaccountId, connectorId, ...(locationId === '' ? {} : { locationId }) },
        renewer: autoCertRenewal ? 'connector' : 'user',
      }),
    ),
  ]
}
