import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { validateDestination } from '../validate-destination.ts'
import type { ConfigurationStores, ConfigurationTransactions } from './configuration-transactions.ts'
import { type ContentEntry, type ContentLevels, readInitData, reasonsOf } from './init-data.ts'

/**
 * Creates and updates what `init_data` lists, all of it or nothing; it never deletes (guide L6597-6603, L11698-11755).
 * @throws PlatformError DESTINATION_INIT_DATA_FAILED, or DESTINATION_INIT_DATA_INTERRUPTED when the store failed
 */
export async function applyInitData(
  transactions: ConfigurationTransactions,
  levels: ContentLevels,
  initData: unknown,
): Promise<void> {
  await writeContent(transactions, readInitData(initData, levels))
}

/** Writes entries that were read before, all of them or none. Throws like `applyInitData`. */
export async function writeContent(
  transactions: ConfigurationTransactions,
  entries: readonly ContentEntry[],
): Promise<void> {
  try {
    await transactions.run(async (stores) => {
      for (const entry of entries) await write(stores, entry)
    })
  } catch (cause) {
    if (isPlatformError(cause, 'DESTINATION_INIT_DATA_FAILED')) throw cause
    throw new PlatformError('DESTINATION_INIT_DATA_INTERRUPTED', {}, { cause })
  }
}

/** Looks first and writes then: on PostgreSQL a refused insert would end the whole transaction. */
async function write(stores: ConfigurationStores, entry: ContentEntry): Promise<void> {
  const { level, name, policy, place } = entry
  const writer = writerOf(stores, entry)
  if (writer === undefined) throw refused(`${place}: this platform does not store ${entry.kind}`)
  const exists = (await writer.find(level, name)) !== undefined
  if (!exists) return creating(entry, writer)
  if (policy === 'fail') throw refused(`${place}: the name exists on this level`)
  if (policy === 'update') await writer.replace()
}

async function creating(entry: ContentEntry, writer: Writer): Promise<void> {
  try {
    if (entry.kind === 'destinations') validateDestination(entry.properties, true)
    await writer.create()
  } catch (failure) {
    if (isPlatformError(failure, 'DESTINATION_DUPLICATE'))
      throw refused(`${entry.place}: the name exists on this level`)
    throw refused(...reasonsOf(failure).map((reason) => `${entry.place}: ${reason}`))
  }
}

interface Writer {
  find(level: ContentEntry['level'], name: string): Promise<unknown>
  create(): Promise<unknown>
  replace(): Promise<unknown>
}

function writerOf(stores: ConfigurationStores, { kind, level, name, properties }: ContentEntry): Writer | undefined {
  if (kind === 'certificates') {
    const { certificates } = stores
    const content = Buffer.from(properties.Content ?? '', 'base64')
    return (
      certificates && {
        find: (at, wanted) => certificates.find(at, wanted),
        create: () => certificates.create(level, name, content),
        replace: () => certificates.replace(level, name, content),
      }
    )
  }
  const store = kind === 'fragments' ? stores.fragments : stores.destinations
  return (
    store && {
      find: (at, wanted) => store.find(at, wanted),
      create: () => store.create(level, properties),
      replace: () => store.replace(level, properties),
    }
  )
}

function refused(...problems: string[]): PlatformError {
  return new PlatformError('DESTINATION_INIT_DATA_FAILED', { problems })
}
