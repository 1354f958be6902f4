import { writeXml, type XmlNode } from './xml-writer.ts'

const metadata = 'urn:oasis:names:tc:SAML:2.0:metadata'
const signature = 'http://www.w3.org/2000/09/xmldsig#'
const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol'

/**
 * Metadata in the shape of the guide's template (L11106-11146), without `KeyName` and without `ID`, which cannot hold
 * a slash.
 * @param certificates PEM, the active one first
 */
export function idpMetadata(entityId: string, certificates: readonly string[]): string {
  const keys = certificates.map(keyDescriptor)
  return writeXml({
    namespace: metadata,
    name: 'ns3:EntityDescriptor',
    prefixes: { '': signature },
    attributes: { entityID: entityId },
    content: [
      descriptor('ns3:SPSSODescriptor', 'AuthnRequestsSigned', keys),
      descriptor('ns3:IDPSSODescriptor', 'WantAuthnRequestsSigned', keys),
    ],
  })
}

function descriptor(name: string, demand: string, content: readonly XmlNode[]): XmlNode {
  return { namespace: metadata, name, attributes: { [demand]: 'true', protocolSupportEnumeration: protocol }, content }
}

function keyDescriptor(pem: string): XmlNode {
  const inSignature = (name: string, content: string | readonly XmlNode[]): XmlNode => ({
    namespace: signature,
    name,
    content,
  })
  const keyInfo = inSignature('KeyInfo', [inSignature('X509Data', [inSignature('X509Certificate', pemBody(pem))])])
  return { namespace: metadata, name: 'ns3:KeyDescriptor', attributes: { use: 'signing' }, content: [keyInfo] }
}

/** The base64 text of a PEM certificate in one line, as partners paste it. */
function pemBody(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')
}
