import { X509Certificate } from 'node:crypto'
import { certificateFacts, type Pkcs12Certificate, readPkcs12Certificates } from '@landbridge/identity'
import { PlatformError, Secret } from '@landbridge/kernel'
import type { StoredCertificate } from '../certificate-store.ts'
import { readOpenJks } from '../keystore/jks.ts'
import { certificateInvalid, recogniseCertificate } from './certificate-format.ts'

/** A chain without its private key. `Alias` is there for key stores only. */
export interface PublicKey {
  readonly Alias?: string
  /** PEM, the leaf first. */
  readonly Content: string
  readonly SubjectDN: string
}

/**
 * The public part of a certificate or key store, one element per alias.
 * @throws PlatformError DESTINATION_KEYSTORE_PROTECTED for a key store with a password that the service does not know
 */
export async function publicKeysOf({ name, content, generation }: StoredCertificate): Promise<readonly PublicKey[]> {
  const { format, certificates } = recogniseCertificate(name, content)
  if (format === 'PEM' || format === 'DER') return [publicKey(certificates)]
  if (format === 'JKS') return jksChains(content)
  // The password of a generated store is among the data that it is renewed with.
  const entries = await readPkcs12Certificates(content, new Secret(generation?.password ?? ''))
  if (entries === undefined) throw new PlatformError('DESTINATION_KEYSTORE_PROTECTED')
  return pkcs12Chains(entries)
}

function publicKey(chain: readonly X509Certificate[], Alias?: string): PublicKey {
  const leaf = chain[0]
  if (leaf === undefined) throw certificateInvalid('Content', 'holds no certificate')
  return {
    ...(Alias === undefined ? {} : { Alias }),
    Content: chain.map((certificate) => certificate.toString()).join(''),
    SubjectDN: certificateFacts(leaf).subject,
  }
}

/** Every certificate that nobody in the file was issued by, or that has a name, begins a chain. */
function pkcs12Chains(entries: readonly Pkcs12Certificate[]): PublicKey[] {
  const known = entries.map((entry) => ({ ...entry, certificate: new X509Certificate(entry.der) }))
  const all = known.map((entry) => entry.certificate)
  const heads = known.filter(
    ({ certificate, alias, isKeyOwner }) =>
      isKeyOwner || alias !== undefined || !all.some((other) => other !== certificate && issued(certificate, other)),
  )
  return heads.map(({ certificate, alias }, index) => publicKey(chainOf(certificate, all), alias ?? String(index + 1)))
}

function chainOf(head: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] {
  const chain = [head]
  for (let last = head; ; ) {
    const issuer = all.find((candidate) => !chain.includes(candidate) && issued(candidate, last))
    if (issuer === undefined) return chain
    chain.push(issuer)
    last = issuer
  }
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
}

function jksChains(content: Buffer): PublicKey[] {
  const entries = readOpenJks(content)
  if (entries === undefined) throw new PlatformError('DESTINATION_KEYSTORE_PROTECTED')
  return entries.map(({ chain, alias }) => publicKey(chain, alias))
}
