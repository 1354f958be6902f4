import { DOMImplementation, XMLSerializer, type XmlDocument, type XmlElement } from './xml-libraries.ts'

/** An element to write: names with their prefix, attributes of no namespace. Values are plain text, never XML. */
export interface XmlNode {
  readonly namespace: string
  readonly name: string
  /** Attributes whose value is undefined are left out. */
  readonly attributes?: Readonly<Record<string, string | undefined>>
  /** Prefixes to declare here, besides the element's own. */
  readonly prefixes?: Readonly<Record<string, string>>
  readonly content?: string | readonly XmlNode[]
}

const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/'
/** Characters that no XML 1.0 document can hold, escaped or not (XML section 2.2), lone surrogates among them. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u

/** True when XML can carry this text. */
export function isXmlText(text: string): boolean {
  return !forbidden.test(text)
}

/** The document as text, without declaration. The DOM escapes every text and attribute. Texts MUST be XML texts. */
export function writeXml(root: XmlNode): string {
  const document = new DOMImplementation().createDocument(root.namespace, root.name)
  fill(document, document.documentElement, root)
  return new XMLSerializer().serializeToString(document, { requireWellFormed: true })
}

function fill(document: XmlDocument, element: XmlElement, node: XmlNode): void {
  for (const [prefix, namespace] of Object.entries(node.prefixes ?? {}))
    element.setAttributeNS(xmlnsNamespace, prefix === '' ? 'xmlns' : `xmlns:${prefix}`, namespace)
  for (const [name, value] of Object.entries(node.attributes ?? {}))
    if (value !== undefined) element.setAttribute(name, value)
  if (typeof node.content === 'string') element.textContent = node.content
  else
    for (const child of node.content ?? []) {
      const below = document.createElementNS(child.namespace, child.name)
      fill(document, below, child)
      element.appendChild(below)
    }
}
