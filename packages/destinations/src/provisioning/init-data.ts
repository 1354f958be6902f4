import { isPlatformError, PlatformError } from '@landbridge/kernel'
import type { Level } from '../level.ts'
import { type Properties, readProperties } from '../properties.ts'
import { validateDestination } from '../validate-destination.ts'
import { collected } from './problems.ts'

/** What happens to an entry whose name exists on the level (guide L6374-6382): an error, it stays, or it is replaced. */
export type ExistingPolicy = 'fail' | 'ignore' | 'update'

/** The kinds of entries in the order in which they are written: what may be referred to comes first. */
const contentKinds = ['certificates', 'fragments', 'destinations'] as const
export type ContentKind = (typeof contentKinds)[number]

export interface ContentEntry {
  readonly kind: ContentKind
  readonly level: Level
  readonly policy: ExistingPolicy
  /** Where the entry stands in the document, with its name, for messages. */
  readonly place: string
  readonly name: string
  readonly properties: Properties
}

const policies: ReadonlySet<unknown> = new Set<ExistingPolicy>(['fail', 'ignore', 'update'])
const sectionKeys: ReadonlySet<string> = new Set(contentKinds.flatMap((kind) => [kind, policyKey(kind)]))

/** The two levels that the parameters of an instance can fill. */
export interface ContentLevels {
  readonly subaccount: Level
  readonly instance: Level
}

/**
 * Reads `init_data` of a service instance (guide L11698-11755), or the content of a deployment, which has the same shape.
 * @returns the entries in the order in which they are to be written
 * @throws PlatformError DESTINATION_INIT_DATA_FAILED naming everything that is wrong
 */
export function readInitData(value: unknown, levels: ContentLevels, root = 'init_data'): readonly ContentEntry[] {
  const problems: string[] = []
  const entries: ContentEntry[] = []
  const document = objectOf(value, root, problems)
  for (const [key, section] of Object.entries(document)) {
    if (key !== 'subaccount' && key !== 'instance') problems.push(`${root}.${key} is unknown`)
    else if (section !== undefined && section !== null)
      entries.push(...readSection(section, levels[key], `${root}.${key}`, problems))
  }
  return collected(entries, problems)
}

function readSection(value: unknown, level: Level, path: string, problems: string[]): ContentEntry[] {
  const section = objectOf(value, path, problems)
  for (const key of Object.keys(section)) if (!sectionKeys.has(key)) problems.push(`${path}.${key} is unknown`)
  return contentKinds.flatMap((kind) => {
    const policy = readPolicy(section[policyKey(kind)], `${path}.${policyKey(kind)}`, problems)
    const list = section[kind] ?? []
    if (!Array.isArray(list)) {
      problems.push(`${path}.${kind} must be a list`)
      return []
    }
    return list.flatMap((element, index) => {
      const properties = readEntry(kind, element, `${path}.${kind}[${index}]`, problems)
      if (properties === undefined) return []
      const name = properties[nameKey(kind)] ?? ''
      return [{ kind, level, policy, name, properties, place: placeOf(`${path}.${kind}[${index}]`, name) }]
    })
  })
}

function readEntry(kind: ContentKind, value: unknown, path: string, problems: string[]): Properties | undefined {
  try {
    const properties = readProperties(value)
    if (kind === 'destinations') validateDestination(properties, false)
    else if (kind === 'certificates') checkCertificate(properties)
    else if ((properties.FragmentName ?? '') === '') throw invalid('property FragmentName is missing')
    return properties
  } catch (failure) {
    problems.push(...reasonsOf(failure).map((reason) => `${placeOf(path, rawName(kind, value))}: ${reason}`))
    return undefined
  }
}

const certificateName = /^[\w.-]{1,120}\.(pem|der|cer|crt|p12|pfx|jks)$/i
const base64 = /^(?:[A-Za-z0-9+/\s]*)={0,2}\s*$/

function checkCertificate({ Name, Content }: Properties): void {
  if (Name === undefined || !certificateName.test(Name))
    throw invalid('property Name must end in .pem, .der, .cer, .crt, .p12, .pfx or .jks')
  if (Content === undefined || Content.trim() === '' || !base64.test(Content))
    throw invalid('property Content must be base64')
}

function invalid(problem: string): PlatformError {
  return new PlatformError('DESTINATION_INVALID', { problems: [problem] })
}

/** The reasons of a refused entry, one by one. Anything but a refusal is thrown on. */
export function reasonsOf(failure: unknown): readonly string[] {
  const problems = isPlatformError(failure) ? failure.facts.problems : undefined
  if (!Array.isArray(problems)) throw failure
  return problems
}

function readPolicy(value: unknown, path: string, problems: string[]): ExistingPolicy {
  if (value === undefined || policies.has(value)) return (value as ExistingPolicy | undefined) ?? 'fail' // just checked
  problems.push(`${path} must be fail, ignore or update`)
  return 'fail'
}

function policyKey(kind: ContentKind): string {
  return `existing_${kind}_policy`
}

function nameKey(kind: ContentKind): string {
  return kind === 'fragments' ? 'FragmentName' : 'Name'
}

function rawName(kind: ContentKind, value: unknown): string {
  const name = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[nameKey(kind)] : ''
  return typeof name === 'string' ? name.slice(0, 200) : ''
}

function placeOf(path: string, name: string): string {
  return name === '' ? path : `${path} (${name})`
}

function objectOf(value: unknown, path: string, problems: string[]): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  problems.push(`${path} must be an object`)
  return {}
}
