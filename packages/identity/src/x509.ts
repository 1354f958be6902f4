// The only file that imports @peculiar/x509: that library needs reflection metadata to be loaded before it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { cryptoProvider, type JsonNameParams, Name, X509Certificate as ParsedCertificate } from '@peculiar/x509'
import {
  attributeName,
  attributeOid,
  type DistinguishedName,
  formatAttribute,
  formatDistinguishedName,
  type NameAttribute,
} from './distinguished-name.ts'

cryptoProvider.set(webcrypto)

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
export { Name, ParsedCertificate }

const printable = new Set(['2.5.4.6', '2.5.4.5'])
const ia5 = new Set(['1.2.840.113549.1.9.1', '0.9.2342.19200300.100.1.25'])

/** Encodes a checked name. X.509 puts the least specific attribute first, the written form last (RFC 4514 section 2.1). */
export function encodeName(name: DistinguishedName): Name {
  const params: JsonNameParams = name.toReversed().map(({ type, value }) => {
    const oid = attributeOid(type) ?? type
    // Typed values: the plain-text form of the library gives a meaning to a leading '#'.
    if (printable.has(oid)) return { [oid]: [{ printableString: value }] }
    return { [oid]: [ia5.has(oid) ? { ia5String: value } : { utf8String: value }] }
  })
  return new Name(params)
}

/** The written form of an encoded name: `CN=..,L=..`, escaped, most specific attribute first. */
export function writeName(name: Name): string {
  return name
    .toJSON()
    .toReversed()
    .map((step) => {
      const attributes = readStep(step)
      return attributes.length === 1
        ? formatDistinguishedName(attributes)
        : attributes.map((attribute) => formatAttribute(attribute)).join('+')
    })
    .join(',')
}

/** The attributes of an encoded name, most specific first. */
export function readName(name: Name): DistinguishedName {
  return name.toJSON().toReversed().flatMap(readStep)
}

function readStep(step: Readonly<Record<string, string[]>>): NameAttribute[] {
  return Object.entries(step).flatMap(([type, values]) =>
    values.map((value) => ({ type: attributeName(attributeOid(type) ?? type), value })),
  )
}
