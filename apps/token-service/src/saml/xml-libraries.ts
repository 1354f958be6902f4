import type { KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'

/** What we use of the DOM. */
export interface XmlNode {
  readonly nodeType: number
  readonly nextSibling: XmlNode | null
}

export interface XmlElement extends XmlNode {
  readonly namespaceURI: string | null
  readonly localName: string
  readonly textContent: string | null
  readonly firstChild: XmlNode | null
  readonly attributes: ArrayLike<{ readonly localName: string; readonly value: string }>
  /** '' or null when absent. */
  getAttribute(name: string): string | null
  hasAttribute(name: string): boolean
}

interface DomParser {
  parseFromString(text: string, mediaType: string): { readonly documentElement: XmlElement | null }
}

type Algorithms = Record<string, unknown>

interface SignatureCheck {
  SignatureAlgorithms: Algorithms
  HashAlgorithms: Algorithms
  CanonicalizationAlgorithms: Algorithms
  loadSignature(signature: XmlElement): void
  /** False or an error when it is not valid. */
  checkSignature(xml: string): boolean
  /** The canonical text of each reference, once the signature was found valid. */
  getSignedReferences(): readonly string[]
}

// Not imported: their declarations would declare the globals of a browser for every file of the workspace, and those
// contradict Node's. What they are declared as here, their documentation promises.
const load = createRequire(import.meta.url)

export const { DOMParser } = load('@xmldom/xmldom') as {
  readonly DOMParser: new (options: { onError: (level: string, problem: string) => void }) => DomParser
}

export const { SignedXml } = load('xml-crypto') as {
  readonly SignedXml: new (options: { publicCert: KeyObject; getCertFromKeyInfo: () => null }) => SignatureCheck
}
