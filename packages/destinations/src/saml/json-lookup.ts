import { tokenFailure } from '../token/token-failure.ts'
import { valuesAt } from './json-path.ts'

/**
 * Looks up one text in a JSON object (guide L13590-13600): an expression that begins with `$` is a JSONPath, anything
 * else the exact name of a member of the root. Of several values the first is taken; numbers become text.
 * @returns undefined when there is nothing, or something empty
 * @throws PlatformError DESTINATION_TOKEN_FAILED when the JSONPath is not usable
 */
export function textAt(object: Readonly<Record<string, unknown>>, expression: string): string | undefined {
  const found = expression.startsWith('$') ? usable(valuesAt(object, expression)) : [ownValue(object, expression)]
  const first = found.flat().find((value) => typeof value === 'string' || typeof value === 'number')
  return first === undefined || first === '' ? undefined : String(first)
}

/** All texts of the lists and values at a JSONPath. */
export function textsAt(object: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  return usable(valuesAt(object, path))
    .flat()
    .filter((value) => typeof value === 'string')
}

function ownValue(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function usable(found: readonly unknown[] | undefined): readonly unknown[] {
  if (found !== undefined) return found
  throw tokenFailure(
    'the property userIdSource is no usable JSONPath: names, indexes, * and one .. are supported, filters are not',
  )
}
