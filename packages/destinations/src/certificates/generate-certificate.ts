import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type LocalCa, splitPemChain, writePkcs12 } from '@landbridge/identity'
import { isPlatformError, Secret } from '@landbridge/kernel'
import type { CertificateFactsToKeep, CertificateGeneration } from '../certificate-store.ts'
import type { Level } from '../level.ts'
import type { CertificateAttributes } from './certificate-body.ts'
import { certificateInvalid, endingOf } from './certificate-format.ts'
import { endOfValidity, renewalLeadMs } from './renewal-time.ts'

export interface CertificateToGenerate {
  readonly level: Level
  readonly name: string
  readonly type?: string
  readonly generation: CertificateGeneration
}

export interface GeneratedCertificate {
  readonly content: Buffer
  readonly facts: CertificateFactsToKeep
}

const dayMs = 86_400_000
const defaultValidity = { unit: 'YEARS', value: 1 } as const

/**
 * Completes the attributes of a request: the name without its ending as common name, a validity of one year.
 * @throws PlatformError DESTINATION_CERTIFICATE_INVALID when such a certificate cannot be generated
 */
export function generationOf(
  name: string,
  type: string | undefined,
  attributes: CertificateAttributes,
): CertificateGeneration {
  const format = generatedFormat(name)
  if (attributes.csr !== undefined && format !== 'PEM')
    throw certificateInvalid('Name', 'must end in .pem when the certificate is generated from a CSR')
  if (type !== undefined && type.toUpperCase() !== 'CERTIFICATE' && type.toUpperCase() !== format)
    throw certificateInvalid('Type', `must be ${format}, or absent, for this name`)
  return {
    commonName: name.replace(/\.[^.\s]+$/, '').slice(0, 64),
    validity: defaultValidity,
    ...attributes,
  }
}

/**
 * Makes a key pair and a certificate for it, or a certificate for the key of a CSR. The certificate can be used as TLS
 * client certificate and for signatures; it says in its subject for which level it was made.
 * @throws PlatformError DESTINATION_CERTIFICATE_INVALID when the CSR is not valid
 */
export async function generateCertificate(
  authority: LocalCa,
  { level, name, type, generation }: CertificateToGenerate,
  nowMs: number,
): Promise<GeneratedCertificate> {
  const days = (endOfValidity(nowMs, generation.validity) - nowMs) / dayMs
  const subject = subjectOf(level, generation.commonName)
  const content = await (generation.csr === undefined
    ? withNewKey(authority, { subject, days }, name, generation)
    : fromCsr(authority, { subject, days }, generation.csr))
  const expiresAtMs = content.leaf.validToDate.getTime()
  return {
    content: content.bytes,
    facts: {
      ...(type === undefined ? {} : { type }),
      generation,
      expiresAtMs,
      ...(generation.automaticRenew ? { renewAtMs: expiresAtMs - renewalLeadMs(generation.validity) } : {}),
    },
  }
}

interface Issuing {
  readonly subject: Readonly<Record<string, string>>
  readonly days: number
}

async function withNewKey(authority: LocalCa, issuing: Issuing, name: string, { password }: CertificateGeneration) {
  // RSA: key stores in the old formats and many token services know nothing else.
  const { cert, key } = await authority.issueClient({ ...issuing, rsaBits: 2048 })
  const bytes =
    generatedFormat(name) === 'PEM'
      ? Buffer.from(cert + (password === undefined ? key : encrypted(key, password)))
      : await writePkcs12({
          chain: cert,
          key,
          alias: name.replace(/\.[^.\s]+$/, ''),
          password: new Secret(password ?? ''),
        })
  return { bytes, leaf: leafOf(cert) }
}

async function fromCsr(authority: LocalCa, issuing: Issuing, csrPem: string) {
  try {
    const cert = await authority.issueClientFromCsr({ ...issuing, csrPem })
    return { bytes: Buffer.from(cert), leaf: leafOf(cert) }
  } catch (failure) {
    if (!isPlatformError(failure, 'CERTIFICATE_REQUEST_INVALID')) throw failure
    throw certificateInvalid('CSR', String(failure.facts.reason), failure)
  }
}

function generatedFormat(name: string): 'PEM' | 'PKCS12' {
  const ending = endingOf(name)
  if (ending === undefined || ending === 'pem') return 'PEM'
  if (ending === 'p12' || ending === 'pfx') return 'PKCS12'
  throw certificateInvalid('Name', 'must end in .pem, .p12 or .pfx when the certificate is generated')
}

function subjectOf(level: Level, commonName: string): Readonly<Record<string, string>> {
  const place = level.instanceId === '' ? level.subaccountId : `${level.subaccountId}/${level.instanceId}`
  return { CN: commonName, L: place.slice(0, 128), OU: 'Destination certificates', O: 'Landbridge' }
}

function leafOf(chain: string): X509Certificate {
  return new X509Certificate(splitPemChain(chain)[0]!) // an issued chain begins with its leaf
}

function encrypted(key: string, passphrase: string): string {
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString()
}
