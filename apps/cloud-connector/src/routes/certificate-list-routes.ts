import { type CertificateRecord, readRecord, toSharedRecord } from '@landbridge/certificates'
import { type ConnectorConfiguration, ownCertificates } from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { type ApiContext, sendJson } from './context.ts'

/** All certificates that this connector lives on, in the shape of the cloud side's inventory. */
export function certificateListRoutes(api: FastifyInstance, { store }: ApiContext): void {
  api.get('/api/v1/landbridge/certificates', (_request, reply) => {
    const certificates = certificatesOf(store.current).toSorted((a, b) => a.notAfterMs - b.notAfterMs)
    return sendJson(reply, { certificates: certificates.map(toSharedRecord), unavailable: [] })
  })
}

function certificatesOf(configuration: ConnectorConfiguration): readonly CertificateRecord[] {
  const { settings, subaccounts } = configuration
  const connectorId = settings.installationId
  return [
    ...ownCertificates(configuration).map(({ chain, ...certificate }) =>
      readRecord(chain, { ...certificate, owner: { subaccountId: '', connectorId } }),
    ),
    ...[...subaccounts.values()].flatMap((subaccount) => {
      const { subaccountId, locationId, autoCertRenewal, recovery } = subaccount
      return [subaccount, ...(recovery === undefined ? [] : [recovery])].map(({ regionHost, certificate }) =>
        readRecord(certificate, {
          kind: 'tunnel',
          name: `${subaccountId}@${regionHost}`,
          owner: { subaccountId, connectorId, ...(locationId === '' ? {} : { locationId }) },
          renewer: autoCertRenewal ? 'connector' : 'user',
        }),
      )
    }),
  ]
}
