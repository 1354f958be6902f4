import { type DestinationInFile, readDestinationFile, readProperties } from '@landbridge/destinations'

/** Bytes of a file, or a JSON document with one destination or several. */
export type ImportBody = Buffer | object | undefined

/** @throws PlatformError DESTINATION_IMPORT_REFUSED or DESTINATION_INVALID */
export function readImport(body: ImportBody): readonly DestinationInFile[] {
  if (body instanceof Uint8Array) return readDestinationFile(Buffer.from(body).toString('latin1')).map(normalised)
  const list: readonly unknown[] = Array.isArray(body) ? body : [body]
  return list.map((element) => ({ properties: readProperties(element), withheld: [] }))
}

/** Empty values that count as absent go, as in the REST API. */
function normalised({ properties, withheld }: DestinationInFile): DestinationInFile {
  return { properties: readProperties(properties), withheld }
}
