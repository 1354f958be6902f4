import { type Sealer, Secret } from '@landbridge/kernel'

const marker = '$sealed'

/** JSON in which every secret is ciphertext under the sealer's key. Maps become lists of their values. */
export function toSealedJson(value: unknown, sealer: Sealer, context: string): string {
  return JSON.stringify(sealed(value, sealer, context), undefined, 2)
}

/** The inverse of `toSealedJson`, with secrets as `Secret`. @throws Error unless the sealer has the same key. */
export function fromSealedJson(text: string, sealer: Sealer, context: string): unknown {
  return JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, marker)) return value
    return new Secret(sealer.open(String((value as Record<string, unknown>)[marker]), context))
  })
}

function sealed(value: unknown, sealer: Sealer, context: string): unknown {
  if (value instanceof Secret) return { [marker]: sealer.seal(value.reveal(), context) }
  if (value instanceof Map) return Array.from(value.values(), (member) => sealed(member, sealer, context))
  if (Array.isArray(value)) return value.map((member) => sealed(member, sealer, context))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, sealed(member, sealer, context)]))
}
