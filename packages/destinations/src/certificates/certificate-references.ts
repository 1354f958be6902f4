import type { StoredDestination } from '../destination-store.ts'
import { present } from '../properties.ts'

/** Properties that name a certificate of the destination's level. */
const locations = ['KeyStoreLocation', 'TrustStoreLocation', 'tokenService.KeyStoreLocation']

/** Which destinations name which of the certificates. */
export function certificateReferences(
  destinations: readonly StoredDestination[],
  certificates: ReadonlySet<string>,
): { readonly destination: string; readonly certificate: string }[] {
  return destinations.flatMap(({ name, properties }) => {
    const named = new Set(locations.map((key) => present(properties, key) ?? ''))
    return [...named]
      .filter((value) => certificates.has(value))
      .map((certificate) => ({ destination: name, certificate }))
  })
}
