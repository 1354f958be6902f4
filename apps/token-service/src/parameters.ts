import { PlatformError } from '@landbridge/kernel'

/**
 * A request parameter; '' when it is absent or empty, which RFC 6749 section 3.1 treats alike.
 * @throws PlatformError OAUTH_REQUEST_INVALID when it is given twice.
 */
export function parameter(parameters: URLSearchParams, name: string): string {
  const values = parameters.getAll(name)
  if (values.length > 1) throw new PlatformError('OAUTH_REQUEST_INVALID', { reason: `"${name}" is given twice` })
  return values[0] ?? ''
}

/** @throws PlatformError OAUTH_REQUEST_INVALID when it is absent, empty or given twice. */
export function requiredParameter(parameters: URLSearchParams, name: string): string {
  const value = parameter(parameters, name)
  if (value === '') throw new PlatformError('OAUTH_REQUEST_INVALID', { reason: `the parameter "${name}" is missing` })
  return value
}
