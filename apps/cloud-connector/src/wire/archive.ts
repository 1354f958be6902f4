import { Fields, invalid } from '../body/fields.ts'
import { connectorVersion } from '../version.ts'
import { fromZip, toZip, ZipRefusal } from './zip.ts'

/** What an archive carries; its one entry is named after it. */
export type ArchiveKind = 'accessControl' | 'subaccount' | 'scenario'

const fileNames: Readonly<Record<ArchiveKind, string>> = {
  accessControl: 'access-control.json',
  subaccount: 'subaccount.json',
  scenario: 'scenario.json',
}

const product = 'landbridge-cloud-connector'
/** Rises when older connectors could not read the document. */
const formatVersion = 1

/** An archive with one JSON document that says what it is. */
export function toArchive(kind: ArchiveKind, content: object): Buffer {
  const document = { product, kind, formatVersion, version: connectorVersion, ...content }
  return toZip(new Map([[fileNames[kind], `${JSON.stringify(document, undefined, 2)}\n`]]))
}

/**
 * The document of an archive of a kind, its content not yet checked.
 * @throws PlatformError REQUEST_INVALID
 */
export async function fromArchive(archive: Buffer, kind: ArchiveKind): Promise<Fields> {
  const [entry] = await unpack(archive)
  if (entry?.[0] !== fileNames[kind]) throw invalid('archive', `must hold ${fileNames[kind]} and nothing else`)
  const content = new Fields(parsed(entry[1]))
  if (content.text('product') !== product || content.text('kind') !== kind)
    throw invalid('archive', `is not an export of this product of the kind ${kind}`)
  const format = content.text('formatVersion')
  if (format !== String(formatVersion))
    throw invalid('archive', `has format ${format ?? 'none'}; this connector reads format ${formatVersion}`)
  return content
}

async function unpack(archive: Buffer): Promise<readonly (readonly [name: string, text: string])[]> {
  try {
    return [...(await fromZip(archive, { entries: 1, unpackedBytes: 64 * 1024 * 1024 }))]
  } catch (failure) {
    if (failure instanceof ZipRefusal) throw invalid('archive', failure.message)
    throw failure
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Told below; the parser's message quotes the text.
  }
  throw invalid('archive', 'does not hold a JSON object')
}
