import { X509Certificate } from 'node:crypto'
import type { ConnectorConfiguration, TrustedCertificate } from '@landbridge/connector'
import { certificateFacts, splitPemChain } from '@landbridge/identity'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid } from '../body/fields.ts'
import { readFields, readMultipart } from '../body/read-body.ts'
import { changeSettings } from './connector-routes.ts'
import { type ApiContext, linksOf, parameters, sendCreated, sendJson, sendNothing } from './context.ts'

/** Authorities of backends (guide L23295), under both spellings in use. */
export function truststoreRoutes(api: FastifyInstance, context: ApiContext): void {
  for (const segment of ['onPremise', 'onPremises']) {
    const base = `/api/v1/configuration/connector/${segment}/truststore`
    for (const url of [base, `${base}Configuration`])
      api.get(url, (_request, reply) => sendJson(reply, truststoreJson(context.store.current)))
    api.patch(base, async (request, reply) => {
      const trustAllBackends = readFields(request, ['application/x-www-form-urlencoded']).requiredFlag(
        'trustAllBackends',
      )
      await changeSettings(context, request, 'truststore', (settings) => ({ ...settings, trustAllBackends }))
      return sendNothing(reply)
    })
    api.post(`${base}/certificates`, async (request, reply) => {
      const alias = await addCertificates(context, request)
      const path = `/connector/${segment}/truststore/certificates/${alias}`
      return sendCreated(reply, linksOf(request, context).to(path))
    })
    api.get(`${base}/certificates/:alias`, (request, reply) => {
      const { pem } = find(context.store.current, parameters(request).alias ?? '')
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', 'attachment;filename="trusted_backend.der"')
        .send(new X509Certificate(pem).raw)
    })
    api.delete(`${base}/certificates/:alias`, async (request, reply) => {
      const alias = parameters(request).alias ?? ''
      await changeCertificates(context, request, 'delete', alias, (current) => {
        find(current, alias)
        return new Map([...current.trustedCertificates].filter(([other]) => other !== alias))
      })
      return sendNothing(reply)
    })
    api.delete(`${base}/certificates`, async (request, reply) => {
      await changeCertificates(context, request, 'delete', '*', () => new Map())
      return sendNothing(reply)
    })
  }
}

function truststoreJson({ settings, trustedCertificates }: ConnectorConfiguration): object {
  return {
    trustAllBackends: settings.trustAllBackends,
    trustedBackends: Array.from(trustedCertificates.values(), ({ alias, subject, issuer, notAfterMs }) => ({
      alias,
      subjectDN: subject,
      issuer,
      notAfterTimeStamp: notAfterMs,
    })),
  }
}

/** Adds every certificate of the upload, all or none; returns the alias of the first. */
async function addCertificates(context: ApiContext, request: FastifyRequest): Promise<string> {
  const files = readMultipart(request).all('certificate', 'certificates')
  if (files.length === 0) throw invalid('certificate', 'is required')
  const added = files.flatMap(readCertificates)
  let first = ''
  await changeCertificates(context, request, 'create', added.map(({ subject }) => subject).join('; '), (current) => {
    const certificates = new Map(current.trustedCertificates)
    let last = Math.max(0, ...Array.from(certificates.keys(), numberOf))
    for (const certificate of added) {
      if ([...certificates.values()].some(({ pem }) => pem === certificate.pem))
        throw invalid('certificate', 'is in the truststore already')
      const alias = `trustedbackend.${++last}.1`
      if (first === '') first = alias
      certificates.set(alias, { ...certificate, alias })
    }
    return certificates
  })
  return first
}

function numberOf(alias: string): number {
  return Number(/^trustedbackend\.(\d+)\.1$/.exec(alias)?.[1] ?? 0)
}

/** The certificates of one uploaded file: PEM, one or more, or DER. */
function readCertificates(bytes: Buffer): readonly Omit<TrustedCertificate, 'alias'>[] {
  const pems = splitPemChain(bytes.toString('latin1'))
  const inputs = pems.length > 0 ? pems : [bytes]
  return inputs.map((input) => {
    try {
      const certificate = new X509Certificate(input)
      const { subject, issuer, notAfter } = certificateFacts(certificate)
      return { pem: certificate.toString(), subject, issuer, notAfterMs: notAfter.getTime() }
    } catch (cause) {
      if (isPlatformError(cause) && cause.code !== 'CERTIFICATE_INVALID') throw cause
      throw invalid('certificate', 'is neither a PEM nor a DER certificate')
    }
  })
}

function find({ trustedCertificates }: ConnectorConfiguration, alias: string): TrustedCertificate {
  const certificate = trustedCertificates.get(alias)
  if (certificate === undefined) throw new PlatformError('CONNECTOR_CERTIFICATE_NOT_FOUND', { alias })
  return certificate
}

function changeCertificates(
  { store }: ApiContext,
  request: FastifyRequest,
  action: 'create' | 'delete',
  object: string,
  edit: (current: ConnectorConfiguration) => ReadonlyMap<string, TrustedCertificate>,
): Promise<void> {
  return store.change(request.actor, (current) => ({
    next: { ...current, trustedCertificates: edit(current) },
    audit: { category: 'TrustedBackendCertificate', action, object },
    result: undefined,
  }))
}
