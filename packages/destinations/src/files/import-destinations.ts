import { isPlatformError } from '@landbridge/kernel'
import type { Level } from '../level.ts'
import type { Properties } from '../properties.ts'
import type { ConfigurationStores, ConfigurationTransactions } from '../provisioning/configuration-transactions.ts'
import { type ExistingPolicy, reasonsOf } from '../provisioning/init-data.ts'
import { validateDestination } from '../validate-destination.ts'
import { type DestinationInFile, refused } from './destination-file.ts'

/** What became of one destination of a file. */
export interface ImportedDestination {
  readonly name: string
  readonly outcome: 'created' | 'updated' | 'kept'
  /** Secrets that the file does not have and that nobody gave: the destination cannot log on without them. */
  readonly missing: readonly string[]
}

/**
 * Stores the destinations of a file on a level, all of them or none. An updated one keeps its stored secrets where
 * the file had them removed.
 * @throws PlatformError DESTINATION_IMPORT_REFUSED with every property that is wrong (guide L6275-6280)
 */
export async function importDestinations(
  transactions: ConfigurationTransactions,
  level: Level,
  destinations: readonly DestinationInFile[],
  policy: ExistingPolicy,
): Promise<readonly ImportedDestination[]> {
  const results: ImportedDestination[] = []
  await transactions.run(async (stores) => {
    const planned: PlannedImport[] = []
    for (const destination of destinations) planned.push(await plan(stores, level, destination, policy))
    const problems = [...planned.flatMap((one) => one.problems), ...repeatedNames(planned)]
    if (problems.length > 0) throw refused(problems)
    for (const { outcome, properties } of planned)
      if (outcome === 'created') await stores.destinations.create(level, properties)
      else if (outcome === 'updated') await stores.destinations.replace(level, properties)
    results.push(...planned.map(({ name, outcome, missing }) => ({ name, outcome, missing })))
  })
  return results
}

interface PlannedImport extends ImportedDestination {
  readonly properties: Properties
  readonly problems: readonly string[]
}

async function plan(
  { destinations }: ConfigurationStores,
  level: Level,
  { properties, withheld }: DestinationInFile,
  policy: ExistingPolicy,
): Promise<PlannedImport> {
  const name = properties.Name ?? ''
  const existing = name === '' ? undefined : await destinations.find(level, name)
  if (existing === undefined)
    return { name, outcome: 'created', missing: withheld, properties, problems: problemsOf(properties, true) }
  if (policy === 'ignore') return { name, outcome: 'kept', missing: [], properties, problems: [] }
  const known = withheld.flatMap((key) => {
    const value = Object.hasOwn(existing.properties, key) ? existing.properties[key] : undefined
    return value === undefined ? [] : [[key, value] as const]
  })
  const merged = { ...properties, ...Object.fromEntries(known) }
  const problems = policy === 'fail' ? [`${name}: the name exists on this level`] : problemsOf(merged, false)
  const kept = new Set(known.map(([key]) => key))
  return { name, outcome: 'updated', missing: withheld.filter((key) => !kept.has(key)), properties: merged, problems }
}

function repeatedNames(planned: readonly PlannedImport[]): readonly string[] {
  const names = planned.map(({ name }) => name)
  return [...new Set(names.filter((name, index) => name !== '' && names.indexOf(name) !== index))].map(
    (name) => `${name}: the name comes twice in the file`,
  )
}

function problemsOf(properties: Properties, isNew: boolean): readonly string[] {
  try {
    validateDestination(properties, isNew)
    return mailProblems(properties)
  } catch (failure) {
    if (!isPlatformError(failure)) throw failure
    return reasonsOf(failure).map((reason) => `${properties.Name ?? 'a destination without name'}: ${reason}`)
  }
}

const mailKeys: ReadonlySet<string> = new Set(['Name', 'Type', 'Description', 'ProxyType', 'Authentication', 'User'])
const otherMailKeys = /^(mail\.|Password$|CloudConnector|token|client|scope$|TrustStore|KeyStore|TrustAll$|SystemUser$)/

/** Additional properties of a MAIL destination must begin with `mail.` (guide L5902-5906). */
function mailProblems(properties: Properties): readonly string[] {
  if (properties.Type !== 'MAIL') return []
  return Object.keys(properties)
    .filter((key) => !mailKeys.has(key) && !otherMailKeys.test(key))
    .map((key) => `${properties.Name ?? ''}: property ${key} must begin with mail.`)
}
