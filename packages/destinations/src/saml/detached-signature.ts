import { sign } from 'node:crypto'
import {
  CMSVersion,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  id_data,
  id_signedData,
  SignedData,
  SignerIdentifier,
  SignerInfo,
} from '@peculiar/asn1-cms'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate } from '@peculiar/asn1-x509'
import { tokenFailure } from '../token/token-failure.ts'
import type { SigningKey } from './signing-key.ts'

export type TicketDigest = 'SHA-1' | 'SHA-256'

const digestOids: Readonly<Record<TicketDigest, string>> = {
  'SHA-1': '1.3.14.3.2.26',
  'SHA-256': '2.16.840.1.101.3.4.2.1',
}
const signatureOids: Readonly<Record<string, Readonly<Record<TicketDigest, string>>>> = {
  rsa: { 'SHA-1': '1.2.840.113549.1.1.1', 'SHA-256': '1.2.840.113549.1.1.1' },
  dsa: { 'SHA-1': '1.2.840.10040.4.3', 'SHA-256': '2.16.840.1.101.3.4.3.2' },
  ec: { 'SHA-1': '1.2.840.10045.4.1', 'SHA-256': '1.2.840.10045.4.3.2' },
}

/**
 * A CMS SignedData without the content and without certificates, which the receiver has both, and without signed
 * attributes (RFC 5652 section 5.4): PKCS#7 writes the same bytes.
 * @param digest by default SHA-1 for old DSA keys of 160 bits, which can do no better, and SHA-256 for all others
 * @throws PlatformError DESTINATION_TOKEN_FAILED for a kind of key that has no such signatures
 */
export function detachedSignature(content: Buffer, key: SigningKey, digest = digestFor(key)): Buffer {
  const signatureOid = signatureOids[key.privateKey.asymmetricKeyType ?? '']?.[digest]
  if (signatureOid === undefined) throw tokenFailure('tickets are signed with keys of RSA, DSA or EC only')
  const digestAlgorithm = algorithm(digestOids[digest], true)
  const signerInfo = new SignerInfo({
    version: CMSVersion.v1,
    sid: new SignerIdentifier({ issuerAndSerialNumber: issuerAndSerialNumber(key) }),
    digestAlgorithm,
    signatureAlgorithm: algorithm(signatureOid, key.privateKey.asymmetricKeyType === 'rsa'),
    signature: new OctetString(sign(digest, content, key.privateKey)),
  })
  const signedData = new SignedData({
    version: CMSVersion.v1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: id_data }),
  })
  signedData.digestAlgorithms.push(digestAlgorithm)
  signedData.signerInfos.push(signerInfo)
  const wrapped = new ContentInfo({ contentType: id_signedData, content: AsnConvert.serialize(signedData) })
  return Buffer.from(AsnConvert.serialize(wrapped))
}

function digestFor({ privateKey }: SigningKey): TicketDigest {
  const { divisorLength } = privateKey.asymmetricKeyDetails ?? {}
  return privateKey.asymmetricKeyType === 'dsa' && divisorLength === 160 ? 'SHA-1' : 'SHA-256'
}

/** Parameters are an explicit NULL for digests and RSA, and absent for DSA and EC (RFC 3279, RFC 5754). */
function algorithm(oid: string, withNull: boolean): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: oid, ...(withNull ? { parameters: derNull } : {}) })
}

const derNull = new Uint8Array([5, 0]).buffer

function issuerAndSerialNumber({ certificate }: SigningKey): IssuerAndSerialNumber {
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate)
  return new IssuerAndSerialNumber({ issuer: tbsCertificate.issuer, serialNumber: tbsCertificate.serialNumber })
}
