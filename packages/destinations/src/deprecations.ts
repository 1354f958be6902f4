import { authenticationName } from './authentication/authentication-name.ts'
import { type Properties, present } from './properties.ts'

/** What of a destination is deprecated (guide L8005-8011, L2350-2380), with what to use instead. */
export function deprecations(properties: Properties): readonly string[] {
  if (properties.Type !== 'HTTP') return []
  return [
    ...(authenticationName(properties) === 'SAPAssertionSSO'
      ? ['SAPAssertionSSO is deprecated: use PrincipalPropagation, or OAuth2SAMLBearerAssertion']
      : []),
    ...(present(properties, 'SystemUser') === undefined
      ? []
      : ['SystemUser is deprecated: use OAuth2ClientCredentials for a technical user']),
  ]
}
