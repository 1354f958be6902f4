import { PlatformError } from '@landbridge/kernel'
import { isCredential } from '../credentials.ts'
import { type Properties, present } from '../properties.ts'
import type { DestinationTemplate } from './destination-templates.ts'
import { type PropertyLine, parseProperties, propertyLine } from './properties-text.ts'

/** What stands in an exported file in place of a secret. */
const removedOnExport = '<< Existing password/certificate removed on export >>'

/** A destination as a file has it. */
export interface DestinationInFile {
  readonly properties: Properties
  /** Keys of the secrets that were left out when the file was written. */
  readonly withheld: readonly string[]
}

/**
 * Reads the destinations of a file (guide L6254-6284). One file usually holds one; where `Name` occurs several times,
 * each paragraph (after an empty line or a comment) with a `Name` begins the next one.
 * @throws PlatformError DESTINATION_IMPORT_REFUSED with the lines that cannot be read
 */
export function readDestinationFile(text: string): readonly DestinationInFile[] {
  const { lines, comments, problems } = parseProperties(text)
  if (lines.length === 0 && problems.length === 0) throw refused(['the file has no properties'])
  const starts = startsOf(lines)
  const destinations = starts.map((start, index) => {
    const belongs = ({ paragraph }: { paragraph: number }) =>
      (index === 0 || paragraph >= start) && paragraph < (starts[index + 1] ?? Number.POSITIVE_INFINITY)
    return {
      entries: lines.filter(belongs),
      withheld: comments.filter(belongs).flatMap(({ text: comment }) => withheldKey(comment)),
    }
  })
  const all = [...problems, ...destinations.flatMap(({ entries }) => duplicates(entries))]
  if (all.length > 0) throw refused(all)
  return destinations.map(({ entries, withheld }) => {
    const properties = Object.fromEntries(entries.map(({ key, value }) => [key, value]))
    return { properties, withheld: withheld.filter((key) => !Object.hasOwn(properties, key)) }
  })
}

/** The paragraphs in which a destination begins. */
function startsOf(lines: readonly PropertyLine[]): readonly number[] {
  const named = [...new Set(lines.filter(({ key }) => key === 'Name').map(({ paragraph }) => paragraph))]
  return named.length === 0 ? [0] : named
}

function duplicates(entries: readonly PropertyLine[]): readonly string[] {
  const seen = new Set<string>()
  return entries.flatMap(({ key, line }) => {
    if (seen.has(key)) return [`line ${line}: ${key} comes twice`]
    seen.add(key)
    return []
  })
}

function withheldKey(comment: string): readonly string[] {
  const match = /^\s*([^=\s]+)\s*=\s*<<.*removed on export.*>>\s*$/.exec(comment)
  return match?.[1] === undefined ? [] : [match[1]]
}

/**
 * Writes destinations in the form that `readDestinationFile` reads. Secrets are replaced by a comment (guide L6285-6310).
 * The text is ASCII, so its bytes are valid ISO 8859-1.
 */
export function writeDestinationFile(destinations: readonly Properties[]): string {
  return destinations.map(written).join('\n')
}

function written(properties: Properties): string {
  const entries = Object.entries(properties)
  const secrets = entries.filter(([key]) => isCredential(key) && present(properties, key) !== undefined)
  const shown = entries.filter(([key]) => !isCredential(key))
  // The comments come first: behind the properties they would belong to the next destination.
  return [
    ...secrets.map(([key]) => `#${propertyLine(key, '')}${removedOnExport}`),
    ...shown.map(([key, value]) => propertyLine(key, value)),
    '',
  ].join('\n')
}

/** A template as a file; nothing in it is a secret yet. */
export function writeDestinationTemplate({ properties, summary }: DestinationTemplate): string {
  const lines = Object.entries(properties).map(([key, value]) => propertyLine(key, value))
  return [`# ${summary}`, ...lines, ''].join('\n')
}

export function refused(problems: readonly string[]): PlatformError {
  return new PlatformError('DESTINATION_IMPORT_REFUSED', { problems })
}
