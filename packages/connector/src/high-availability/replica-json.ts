import { Secret } from '@landbridge/kernel'

const secretMark = '$secret'

/** JSON with secrets legible, for the other instance over a connection that is proven to be its own. Maps become lists. */
export function toReplicaJson(value: unknown): unknown {
  if (value instanceof Secret) return { [secretMark]: value.reveal() }
  if (value instanceof Map) return Array.from(value.values(), toReplicaJson)
  if (Array.isArray(value)) return value.map(toReplicaJson)
  if (typeof value !== 'object' || value === null) return value
  // Names of foreign documents (keys of identity providers, for example) must not pass for the mark.
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.startsWith('$') ? `$${name}` : name, toReplicaJson(member)]),
  )
}

/** The inverse of `toReplicaJson`, with secrets as `Secret`; maps stay lists. */
export function fromReplicaJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromReplicaJson)
  if (typeof value !== 'object' || value === null) return value
  const secret = Object.hasOwn(value, secretMark) ? (value as Record<string, unknown>)[secretMark] : undefined
  if (typeof secret === 'string') return new Secret(secret)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.startsWith('$$') ? name.slice(1) : name,
      fromReplicaJson(member),
    ]),
  )
}
