import { Secret } from '@landbridge/kernel'

/**
 * A version equal to `after` that shares with `before` whatever is equal in both. Versions of the configuration are
 * compared by reference: without this, everything would count as changed.
 */
export function shareUnchanged<T>(before: unknown, after: T): T {
  return shared(before, after) as T
}

function shared(before: unknown, after: unknown): unknown {
  if (before === after) return before
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return after
  if (after instanceof Secret) return before instanceof Secret && before.matches(after.reveal()) ? before : after
  if (after instanceof Map) return before instanceof Map ? sharedMap(before, after) : after
  if (Array.isArray(after)) return Array.isArray(before) ? sharedList(before, after) : after
  if (before instanceof Map || before instanceof Secret || Array.isArray(before)) return after
  return sharedObject(before as Record<string, unknown>, after as Record<string, unknown>)
}

function sharedMap(before: ReadonlyMap<unknown, unknown>, after: ReadonlyMap<unknown, unknown>): unknown {
  const result = new Map(Array.from(after, ([key, value]) => [key, shared(before.get(key), value)]))
  const keys = [...before.keys()]
  const isSame =
    before.size === result.size &&
    Array.from(result).every(([key, value], index) => keys[index] === key && before.get(key) === value)
  return isSame ? before : result
}

function sharedList(before: readonly unknown[], after: readonly unknown[]): unknown {
  const result = after.map((value, index) => shared(before[index], value))
  return before.length === result.length && result.every((value, index) => value === before[index]) ? before : result
}

function sharedObject(before: Record<string, unknown>, after: Record<string, unknown>): unknown {
  const names = Object.keys(after)
  const result = Object.fromEntries(
    names.map((name) => [name, shared(Object.hasOwn(before, name) ? before[name] : undefined, after[name])]),
  )
  const isSame =
    Object.keys(before).length === names.length &&
    names.every((name) => Object.hasOwn(before, name) && result[name] === before[name])
  return isSame ? before : result
}
