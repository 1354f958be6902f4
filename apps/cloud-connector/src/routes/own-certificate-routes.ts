import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type {
  AuditCategory,
  AuditEvent,
  ConnectorConfiguration,
  ConnectorSettings,
  OnPremiseCertificate,
} from '@landbridge/connector'
import {
  certificateOfKey,
  maySignCertificates,
  type OwnAlternativeName,
  type OwnCertificatePurpose,
  type OwnCertificateWish,
  parseDistinguishedName,
  readPkcs12,
  selfSigned,
  signingRequest,
  splitPemChain,
} from '@landbridge/identity'
import { isPlatformError, PlatformError, Secret } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import type { Multipart } from '../body/multipart.ts'
import { readFields, readMultipart } from '../body/read-body.ts'
import { usableSuites } from '../cipher-suites.ts'
import { unservable } from '../cipher-table.ts'
import { certificateDescription } from '../wire/certificate-json.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

/** One of the three certificates of the connector; they never influence each other. */
interface Kind {
  readonly setting: 'systemCertificate' | 'ppCaCertificate' | 'uiCertificate'
  readonly areas: readonly string[]
  readonly purpose: OwnCertificatePurpose
  readonly category: AuditCategory
  readonly fileName: string
  /** Stored with the certificate. */
  readonly mark?: { readonly isInstalled: true }
}

/** Both spellings are in use. */
const onPremise = ['onPremise', 'onPremises'] as const

const kinds: readonly Kind[] = [
  {
    setting: 'systemCertificate',
    areas: onPremise,
    purpose: 'client',
    category: 'SystemCertificate',
    fileName: 'system_certificate.der',
  },
  {
    setting: 'ppCaCertificate',
    areas: onPremise,
    purpose: 'authority',
    category: 'PpcaCertificate',
    fileName: 'ca_certificate.der',
  },
  {
    setting: 'uiCertificate',
    areas: ['ui'],
    purpose: 'server',
    category: 'Configuration',
    fileName: 'ui_certificate.der',
    mark: { isInstalled: true },
  },
]

const lifetimeDays = 365

/**
 * System certificate, CA certificate for principal propagation (guide L22753) and certificate of the administration
 * port (guide L22412). Changes count from the next request or connection on.
 */
export function ownCertificateRoutes(api: FastifyInstance, context: ApiContext): void {
  for (const kind of kinds)
    for (const area of kind.areas) {
      const url = `/api/v1/configuration/connector/${area}/${kind.setting}`
      readRoutes(api, context, kind, url)
      writeRoutes(api, context, kind, url)
      // The guide prints the upload without the last letter (guide L22575).
      if (kind.setting === 'uiCertificate') uploadRoute(api, context, kind, url.slice(0, -1))
      else deleteRoute(api, context, kind, url)
    }
}

function readRoutes(api: FastifyInstance, context: ApiContext, kind: Kind, url: string): void {
  api.get(url, (request, reply) => {
    const { cert } = installed(context.store.current, kind)
    if (!/\bapplication\/pkix-cert\b/i.test(request.headers.accept ?? ''))
      return sendJson(reply, certificateDescription(cert))
    return reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', `attachment;filename="${kind.fileName}"`)
      .send(new X509Certificate(cert).raw)
  })
  api.get(`${url}/chain`, (_request, reply) =>
    reply.header('content-type', 'application/x-pem-file').send(installed(context.store.current, kind).cert),
  )
}

function writeRoutes(api: FastifyInstance, context: ApiContext, kind: Kind, url: string): void {
  api.post(url, async (request, reply) => {
    const fields = readFields(request)
    const type = fields.required('type')
    const wish = readWish(fields, kind.purpose)
    if (type === 'selfsigned') {
      await install(context, request, kind, await selfSigned(wish, lifetimeDays, context.clock), type)
      return reply.code(201).send()
    }
    if (type !== 'csr') throw invalid('type', 'must be selfsigned or csr')
    const pending = await signingRequest(wish)
    await change(context, request, kind, 'update', { how: type }, (settings) => ({
      ...settings,
      [`${kind.setting}Request`]: pending,
    }))
    return reply.header('content-type', 'application/x-pem-file').send(pending.csr)
  })
  api.patch(url, async (request, reply) => {
    const chain = readMultipart(request).bytes('signedCertificate').toString('latin1')
    await install(context, request, kind, matchPending(context.store.current.settings, kind, chain), 'csr')
    return reply.code(201).send()
  })
  uploadRoute(api, context, kind, url)
}

function uploadRoute(api: FastifyInstance, context: ApiContext, kind: Kind, url: string): void {
  api.put(url, async (request, reply) => {
    await install(context, request, kind, await readUpload(readMultipart(request)), 'pkcs12')
    return sendNothing(reply)
  })
}

function deleteRoute(api: FastifyInstance, context: ApiContext, kind: Kind, url: string): void {
  api.delete(url, async (request, reply) => {
    await change(context, request, kind, 'delete', {}, (settings, current) => {
      installed(current, kind)
      const { [kind.setting]: _removed, ...rest } = settings
      return rest
    })
    return sendNothing(reply)
  })
}

function installed({ settings }: ConnectorConfiguration, { setting }: Kind): OnPremiseCertificate {
  const certificate = settings[setting]
  if (certificate === undefined)
    throw new PlatformError('CONNECTOR_OWN_CERTIFICATE_NOT_FOUND', { certificate: setting })
  return certificate
}

/** The new certificate replaces the old one; a pending request is answered or pointless. */
function install(
  context: ApiContext,
  request: FastifyRequest,
  kind: Kind,
  certificate: OnPremiseCertificate,
  how: string,
): Promise<void> {
  const details: { how: string; warning?: string } = { how }
  // Some systems accept such an authority nevertheless: the administrator is warned, not stopped (guide L19879).
  if (kind.purpose === 'authority' && !maySignCertificates(certificate.cert)) {
    details.warning = 'the certificate lacks the key usage keyCertSign'
    context.log.warn('certificate.key-usage.missing', { certificate: kind.setting, usage: 'keyCertSign' })
  }
  return change(context, request, kind, 'update', details, (settings) => {
    if (kind.setting === 'uiCertificate') assertServable(certificate.cert, settings)
    const { [`${kind.setting}Request` as const]: _pending, ...rest } = settings
    return { ...rest, [kind.setting]: { ...kind.mark, cert: certificate.cert, key: certificate.key } }
  })
}

/** A certificate that no chosen suite serves would lock the administration port. */
function assertServable(certificate: string, { cipherSuites }: ConnectorSettings): void {
  const problem = unservable(certificate, usableSuites(cipherSuites).suites)
  if (problem !== undefined)
    throw invalid('certificate', `would lock the administration port: it has an ${problem}, or reset the choice first`)
}

function change(
  { store }: ApiContext,
  request: FastifyRequest,
  { category, setting }: Kind,
  action: AuditEvent['action'],
  details: NonNullable<AuditEvent['details']>,
  edit: (settings: ConnectorSettings, current: ConnectorConfiguration) => ConnectorSettings,
): Promise<void> {
  return store.change(request.actor, (current) => ({
    next: { ...current, settings: edit(current.settings, current) },
    audit: { category, action, object: setting, details },
    result: undefined,
  }))
}

function readWish(fields: Fields, purpose: OwnCertificatePurpose): OwnCertificateWish {
  const keySize = Number(fields.text('keySize') ?? 4096)
  if (keySize !== 2048 && keySize !== 4096) throw invalid('keySize', 'must be 2048 or 4096')
  return {
    purpose,
    keySize,
    subject: readSubject(fields.required('subjectDN')),
    alternativeNames: (fields.list('subjectAltNames') ?? []).map(readAlternativeName),
  }
}

function readSubject(text: string): ReturnType<typeof parseDistinguishedName> {
  try {
    return parseDistinguishedName(text)
  } catch (failure) {
    if (!isPlatformError(failure, 'SUBJECT_INVALID')) throw failure
    throw invalid('subjectDN', `is not a distinguished name: ${String(failure.facts.reason)}`)
  }
}

function readAlternativeName(entry: unknown): OwnAlternativeName {
  const fields = new Fields(entry, 'subjectAltNames')
  const type = fields.required('type')
  if (type !== 'DNS' && type !== 'IP' && type !== 'URI' && type !== 'RFC822')
    throw invalid('subjectAltNames', 'may hold the types DNS, IP, URI and RFC822')
  const value = fields.required('value')
  const { isValid, rule } = alternativeNames[type]
  // Certificates hold these values in ASCII (RFC 5280 section 4.2.1.6).
  if (value.length > 1_000 || !/^[!-~]+$/.test(value) || !isValid(value))
    throw invalid('subjectAltNames', `holds ${JSON.stringify(value.slice(0, 100))} as ${type}, which must be ${rule}`)
  return { type, value }
}

const alternativeNames: Readonly<
  Record<OwnAlternativeName['type'], { readonly isValid: (value: string) => boolean; readonly rule: string }>
> = {
  DNS: { isValid: (name) => /^(\*\.)?[\w-]{1,63}(\.[\w-]{1,63})*$/.test(name), rule: 'a host name' },
  IP: { isValid: (address) => isIP(address) !== 0, rule: 'an IP address' },
  URI: { isValid: (uri) => URL.canParse(uri), rule: 'an absolute URI' },
  RFC822: { isValid: (mail) => /^[^@]+@[^@]+$/.test(mail), rule: 'a mail address' },
}

function matchPending(settings: ConnectorSettings, { setting }: Kind, chain: string): OnPremiseCertificate {
  const pending = settings[`${setting}Request`]
  if (pending === undefined) throw invalid('signedCertificate', 'answers no signing request of this connector')
  if (splitPemChain(chain).length === 0) throw invalid('signedCertificate', 'is not in PEM form')
  try {
    return certificateOfKey(chain, pending.key)
  } catch (failure) {
    if (!isPlatformError(failure, 'CERTIFICATE_INVALID')) throw failure
    throw invalid('signedCertificate', 'does not answer the latest signing request')
  }
}

async function readUpload(parts: Multipart): Promise<OnPremiseCertificate> {
  const password = parts.text('password')
  const keyPassword = parts.text('keyPassword')
  if (password === undefined) throw invalid('password', 'is required')
  const file = parts.bytes('pkcs12')
  const secret = new Secret(password)
  try {
    const hasOwn = keyPassword !== undefined && keyPassword !== '' && keyPassword !== password
    return await readPkcs12(file, secret, hasOwn ? new Secret(keyPassword) : secret)
  } catch (failure) {
    if (!isPlatformError(failure, 'CERTIFICATE_INVALID')) throw failure
    throw invalid('pkcs12', `cannot be imported: ${String(failure.facts.reason ?? 'certificate and key do not fit')}`)
  }
}
