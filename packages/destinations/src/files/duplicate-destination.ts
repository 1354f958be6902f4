import { PlatformError } from '@landbridge/kernel'
import type { DestinationStore, StoredDestination } from '../destination-store.ts'
import type { Level } from '../level.ts'
import { validateDestination } from '../validate-destination.ts'

/**
 * A new destination with all properties of another one on its level, secrets included, under its own name (guide
 * L6145-6166).
 * @throws PlatformError DESTINATION_NOT_FOUND, DESTINATION_INVALID, DESTINATION_DUPLICATE
 */
export async function duplicateDestination(
  store: Pick<DestinationStore, 'find' | 'create'>,
  level: Level,
  name: string,
  newName: string,
): Promise<StoredDestination> {
  const source = await store.find(level, name)
  if (source === undefined) throw new PlatformError('DESTINATION_NOT_FOUND')
  const copy = { ...source.properties, Name: newName }
  validateDestination(copy, true)
  return store.create(level, copy)
}
