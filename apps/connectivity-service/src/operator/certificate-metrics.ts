import type { CertificateInventory } from '@landbridge/certificates'
import type { FastifyInstance } from 'fastify'
import { Gauge, Registry } from 'prom-client'

/** The expiry of every active certificate in the text form of Prometheus, read anew for each scrape. */
export function addCertificateMetrics(api: FastifyInstance, inventory: CertificateInventory): void {
  api.get('/metrics', async (_request, reply) => {
    const registry = new Registry()
    const registers = [registry]
    const ends = new Gauge({
      name: 'landbridge_certificate_not_after_timestamp_seconds',
      help: 'End of validity of each active certificate, in seconds since 1970.',
      // Bounded by the inventory, and needed: an alert has to say which certificate it is about.
      labelNames: ['kind', 'renewed_by', 'fingerprint'],
      registers,
    })
    const counts = new Gauge({
      name: 'landbridge_certificates',
      help: 'Certificates in the inventory, replaced, retired and revoked ones included.',
      labelNames: ['kind', 'renewed_by', 'state'],
      registers,
    })
    const away = new Gauge({
      name: 'landbridge_certificate_sources_unavailable',
      help: 'Parts of the system whose certificates could not be read.',
      registers,
    })
    const { certificates, unavailable } = await inventory.list()
    for (const { kind, renewer, state, fingerprint, notAfterMs } of certificates) {
      counts.inc({ kind, renewed_by: renewer, state })
      if (state === 'active')
        ends.set({ kind, renewed_by: renewer, fingerprint: fingerprint.slice(0, 16) }, notAfterMs / 1_000)
    }
    away.set(unavailable.length)
    return reply.header('content-type', registry.contentType).send(await registry.metrics())
  })
}
