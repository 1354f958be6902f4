import { PlatformError } from '@landbridge/kernel'
import { attributeOf, childrenNamed, isNamed, parseXml, textOf } from './xml-document.ts'
import type { XmlElement } from './xml-libraries.ts'

const metadataNamespace = 'urn:oasis:names:tc:SAML:2.0:metadata'
const signatureNamespace = 'http://www.w3.org/2000/09/xmldsig#'

/** What we need of an identity provider. */
export interface IdpMetadata {
  readonly entityId: string
  /** PEM, in the order of the document. */
  readonly certificates: readonly string[]
}

/**
 * Reads the metadata that identity providers and subaccounts publish (guide L11106-L11146): the name, and the
 * certificates that sign. It is not signed, so it counts as much as the configuration it stands in.
 * @throws PlatformError CONFIG_INVALID
 */
export function readIdpMetadata(xml: string): IdpMetadata {
  const root = parsed(xml.trim())
  if (!isNamed(root, metadataNamespace, 'EntityDescriptor')) throw invalid('is no EntityDescriptor')
  const entityId = attributeOf(root, 'entityID')
  if (entityId === '') throw invalid('names no entityID')
  const keys = childrenNamed(root, metadataNamespace, 'IDPSSODescriptor')
    .flatMap((idp) => childrenNamed(idp, metadataNamespace, 'KeyDescriptor'))
    // Without a use a key is for everything (SAML metadata section 2.4.1.1).
    .filter((key) => ['signing', ''].includes(attributeOf(key, 'use')))
  const certificates = keys.flatMap(certificatesOf).map(toPem)
  if (certificates.length === 0) throw invalid('holds no certificate of an identity provider that signs')
  return { entityId, certificates }
}

function certificatesOf(key: XmlElement): readonly string[] {
  return childrenNamed(key, signatureNamespace, 'KeyInfo')
    .flatMap((info) => childrenNamed(info, signatureNamespace, 'X509Data'))
    .flatMap((data) => childrenNamed(data, signatureNamespace, 'X509Certificate'))
    .map((certificate) => textOf(certificate).replaceAll(/\s/g, ''))
}

function toPem(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function parsed(xml: string): XmlElement {
  try {
    return parseXml(xml)
  } catch (cause) {
    throw invalid('is no XML without comments and document type', cause)
  }
}

function invalid(reason: string, cause?: unknown): PlatformError {
  const problems = [`the metadata of a SAML issuer ${reason}`]
  return new PlatformError('CONFIG_INVALID', { problems }, cause === undefined ? {} : { cause })
}
