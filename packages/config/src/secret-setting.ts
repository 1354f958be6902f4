import type { Secret } from '@landbridge/kernel'
import { type TUnsafe, Type } from '@sinclair/typebox'

/**
 * A setting whose value is a secret. In a file it is written as `{ file: path }`, in the environment as
 * `<NAME>_FILE=path` or `<NAME>=value`; it is loaded as a `Secret` and printed as `[redacted]`.
 */
export function secretSetting(options: { readonly description: string; readonly title?: string }): TUnsafe<Secret> {
  return Type.Unsafe<Secret>({ type: 'string', minLength: 1, 'x-secret': true, ...options })
}
