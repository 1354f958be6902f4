import { type ErrorCode, errorEntry, isPlatformError, PlatformError } from '@landbridge/kernel'
import type { IdentityRefusal } from '../subaccount-context.ts'

/** Why a token was not believed, in the words of this connector: other people have to act than in the cloud. */
const codeOf: Partial<Record<ErrorCode, ErrorCode>> = {
  TOKEN_ISSUER: 'PROPAGATION_ISSUER',
  TOKEN_KEY_UNKNOWN: 'PROPAGATION_KEY',
  TOKEN_SIGNATURE: 'PROPAGATION_SIGNATURE',
  TOKEN_EXPIRED: 'PROPAGATION_EXPIRED',
  TOKEN_NOT_YET_VALID: 'PROPAGATION_TOKEN',
  TOKEN_MALFORMED: 'PROPAGATION_TOKEN',
  TOKEN_ALGORITHM: 'PROPAGATION_TOKEN',
  TOKEN_CLAIMS: 'PROPAGATION_TOKEN',
  TOKEN_TENANT_UNKNOWN: 'PROPAGATION_TENANT',
}

/**
 * The answer to a request whose user cannot be propagated: what happened, why, what to do.
 * Anything unexpected is thrown on, for the log.
 */
export function refusal(failure: unknown): IdentityRefusal {
  if (!isPlatformError(failure)) throw failure
  const code = codeOf[failure.code] ?? failure.code
  const known = code === failure.code ? failure : new PlatformError(code, failure.facts, { cause: failure })
  const { http, title, remedy, show } = errorEntry(code)
  const facts = show
    .filter((name) => known.facts[name] !== undefined)
    .map((name) => (name === 'reason' ? printable(known.facts[name]) : `${name} ${printable(known.facts[name])}`))
  const detail = facts.length === 0 ? '' : ` (${facts.join(', ')})`
  return { kind: 'refused', status: http, code, text: `${title}${detail}.\n${remedy}` }
}

/** Facts may come from a token: nothing that could forge lines, and not too much of it. */
function printable(fact: unknown): string {
  return String(fact)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 200)
}
