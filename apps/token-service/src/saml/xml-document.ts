import { refusedAssertion } from './refused.ts'
import { DOMParser, type XmlElement } from './xml-libraries.ts'

const elementNode = 1
/** Assertions nest about ten levels deep; the libraries walk trees by recursion. */
const maximumDepth = 64
/** Opening and closing ones. Time to verify grows faster than the document, and is spent before the signature counts. */
const maximumTags = 6_000
const maximumAttributes = 200

/**
 * Parses XML of a peer: well-formed to the letter, one root, no document type and so no entities
 * of its own, and nothing that would divide a text (comments, processing instructions).
 * @throws PlatformError OAUTH_GRANT_INVALID
 */
export function parseXml(text: string): XmlElement {
  if (/<!(?!\[CDATA\[)/.test(text)) throw refusedAssertion('it has a document type or a comment')
  if (/(?!^)<\?/.test(text)) throw refusedAssertion('it has a processing instruction')
  if (text.split('<', maximumTags + 2).length > maximumTags + 1) throw refusedAssertion('it has too many elements')
  // The parser lets these pass: characters that XML forbids, and references to no entity of XML.
  if (/[^\P{Cc}\t\n\r]|&(?!(?:#\d+|#x[\da-fA-F]+|amp|lt|gt|quot|apos);)/u.test(text))
    throw refusedAssertion('it is not well-formed XML')
  const root = parsed(text)
  if (root === null) throw refusedAssertion('it is not XML')
  assertShallow(root)
  return root
}

function parsed(text: string): XmlElement | null {
  const problems: string[] = []
  // The parser repairs what it merely warns of; whoever signed the text may have read it differently.
  const parser = new DOMParser({ onError: (_level, problem) => problems.push(problem) })
  try {
    const root = parser.parseFromString(text, 'text/xml').documentElement
    if (problems.length === 0) return root
  } catch {
    // refused below; the parser's text would quote the document
  }
  throw refusedAssertion('it is not well-formed XML')
}

function assertShallow(root: XmlElement): void {
  let level: readonly XmlElement[] = [root]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maximumDepth) throw refusedAssertion('its XML nests too deeply')
    if (level.some(({ attributes }) => attributes.length > maximumAttributes))
      throw refusedAssertion('an element has too many attributes')
    level = level.flatMap((element) => childElements(element))
  }
}

export function childElements(parent: XmlElement): readonly XmlElement[] {
  const found: XmlElement[] = []
  for (let node = parent.firstChild; node !== null; node = node.nextSibling)
    // The node type says that it is an element.
    if (node.nodeType === elementNode) found.push(node as XmlElement)
  return found
}

export function isNamed(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name
}

export function childrenNamed(parent: XmlElement, namespace: string, name: string): readonly XmlElement[] {
  return childElements(parent).filter((child) => isNamed(child, namespace, name))
}

/** The child of this name; undefined when there is none, and also when there are several. */
export function onlyChild(parent: XmlElement | undefined, namespace: string, name: string): XmlElement | undefined {
  const found = parent === undefined ? [] : childrenNamed(parent, namespace, name)
  return found.length === 1 ? found[0] : undefined
}

/** Text without comments and without the white space around it; '' for no element. */
export function textOf(element: XmlElement | undefined): string {
  return element?.textContent?.trim() ?? ''
}

/** The value of an attribute without namespace; '' when absent. */
export function attributeOf(element: XmlElement | undefined, name: string): string {
  return element?.getAttribute(name) ?? ''
}

/** The element and everything below it, in document order. */
export function allElements(root: XmlElement): readonly XmlElement[] {
  return [root, ...childElements(root).flatMap((child) => allElements(child))]
}
