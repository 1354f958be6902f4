import type { KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'

/** What we use of the DOM to write documents: it escapes whatever text it is given. */
export interface XmlElement {
  textContent: string | null
  appendChild(child: XmlElement): unknown
  setAttribute(name: string, value: string): void
  setAttributeNS(namespace: string, name: string, value: string): void
}

export interface XmlDocument {
  readonly documentElement: XmlElement
  createElementNS(namespace: string, name: string): XmlElement
}

interface DomImplementation {
  createDocument(namespace: string, name: string): XmlDocument
}

interface Signer {
  addReference(reference: { xpath: string; digestAlgorithm: string; transforms: readonly string[] }): void
  computeSignature(xml: string, options: { prefix: string; location: { reference: string; action: 'after' } }): void
  getSignedXml(): string
}

interface SignerOptions {
  readonly privateKey: KeyObject
  /** PEM; stands in `KeyInfo` when set. */
  readonly publicCert?: string
  readonly canonicalizationAlgorithm: string
  readonly signatureAlgorithm: string
}

// Not imported: their declarations would declare the globals of a browser for every file of the workspace, and those
// contradict Node's. What they are declared as here, their documentation promises.
const load = createRequire(import.meta.url)

export const { DOMImplementation, XMLSerializer } = load('@xmldom/xmldom') as {
  readonly DOMImplementation: new () => DomImplementation
  readonly XMLSerializer: new () => {
    serializeToString(node: XmlDocument, options: { readonly requireWellFormed: boolean }): string
  }
}

export const { SignedXml } = load('xml-crypto') as { readonly SignedXml: new (options: SignerOptions) => Signer }
