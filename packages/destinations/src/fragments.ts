import { createHash } from 'node:crypto'
import { PlatformError } from '@landbridge/kernel'
import type { StoredDestination } from './destination-store.ts'
import type { FragmentStore, StoredFragment } from './fragment-store.ts'
import type { Level } from './level.ts'
import { nameOnCreate } from './name-syntax.ts'
import { type Properties, present, readProperties } from './properties.ts'

/** What a find request says about fragments. */
export interface FragmentWish {
  /** As sent: one name, or several with commas between. */
  readonly names: string
  /** A missing one is no error. */
  readonly optional: boolean
}

/**
 * Reads a fragment from a request body.
 * @param isNew new names are checked strictly; existing odd names stay writable
 * @throws PlatformError DESTINATION_FRAGMENT_INVALID naming everything that is wrong
 */
export function readFragment(body: unknown, isNew: boolean): Properties {
  const properties = readProperties(body)
  const name = present(properties, 'FragmentName')
  const problems = ['Name', 'Type']
    .filter((key) => Object.hasOwn(properties, key))
    .map((key) => `property ${key} is not allowed in a fragment`)
  if (name === undefined) problems.unshift('property FragmentName is missing')
  else if (isNew && !nameOnCreate.test(name))
    problems.unshift('property FragmentName must have 1 to 200 characters, only letters, digits, _ and -')
  if (problems.length > 0) throw new PlatformError('DESTINATION_FRAGMENT_INVALID', { problems })
  return properties
}

/**
 * The fragments that a request names, in its order.
 * @param levelOf which level a name addresses, and the name itself
 * @throws PlatformError DESTINATION_FRAGMENT_NOT_FOUND unless they are optional
 */
export async function locateFragments(
  store: FragmentStore,
  wish: FragmentWish,
  levelOf: (reference: string) => { readonly level: Level; readonly name: string },
): Promise<readonly StoredFragment[]> {
  const found: StoredFragment[] = []
  for (const reference of wish.names.split(',').map((name) => name.trim())) {
    if (reference === '') continue
    const { level, name } = levelOf(reference)
    const fragment = await store.find(level, name)
    if (fragment !== undefined) found.push(fragment)
    else if (!wish.optional) throw new PlatformError('DESTINATION_FRAGMENT_NOT_FOUND', { fragment: name })
  }
  return found
}

/**
 * The destination as its fragments make it: their values win, the later one's over the earlier one's. Its entity tag
 * stands for all of them, so that neither clients nor the token cache mistake it for another mixture.
 */
export function withFragments(destination: StoredDestination, fragments: readonly StoredFragment[]): StoredDestination {
  if (fragments.length === 0) return destination
  const tags = [destination, ...fragments].map((part) => part.etag)
  return {
    ...destination,
    properties: Object.fromEntries([
      ...Object.entries(destination.properties),
      ...fragments.flatMap((fragment) => Object.entries(fragment.properties)),
      ['FragmentName', fragments.map((fragment) => fragment.name).join(',')],
    ]),
    etag: createHash('sha256').update(tags.join(' ')).digest('hex'),
  }
}
