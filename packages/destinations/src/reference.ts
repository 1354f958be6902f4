import { instanceLevel, type Level, type Scope, subaccountLevel } from './level.ts'
import { queryInvalid } from './lists/query-invalid.ts'

/** A name on one exact level: `name@level`, without a search. */
export interface Reference {
  readonly name: string
  readonly level: Level
}

/**
 * Reads a reference of the consume operation. Without a level it means the instance level.
 * @throws PlatformError DESTINATION_QUERY_INVALID for an unknown level
 */
export function parseReference(text: string, scope: Scope): Reference {
  const at = text.lastIndexOf('@')
  if (at < 0) return { name: text, level: instanceLevel(scope) }
  return { name: text.slice(0, at), level: levelNamed(text.slice(at + 1), scope) }
}

function levelNamed(name: string, scope: Scope): Level {
  const provider = { ...scope, subaccountId: scope.instanceSubaccountId }
  switch (name) {
    case 'subaccount':
      return subaccountLevel(scope)
    case 'instance':
      return instanceLevel(scope)
    case 'provider_subaccount':
      return subaccountLevel(provider)
    case 'provider_instance':
      return instanceLevel(provider)
    default:
      throw queryInvalid('level', 'must be subaccount, instance, provider_subaccount or provider_instance')
  }
}

/**
 * A subscriber's subaccount level stands alone: what lies there is the subscriber's, what lies elsewhere is not only.
 * @throws PlatformError DESTINATION_QUERY_INVALID
 */
export function refuseMixedLevels(levels: readonly Level[], scope: Scope): void {
  if (scope.subaccountId === scope.instanceSubaccountId) return
  const own = levels.filter((level) => level.kind === 'subaccount' && level.subaccountId === scope.subaccountId)
  if (own.length > 0 && own.length < levels.length)
    throw queryInvalid('level', "the subscriber's subaccount level cannot be mixed with other levels")
}
