import { type Properties, present } from '../properties.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { basicAuthentication } from './basic-authentication.ts'
import { noAuthentication } from './no-authentication.ts'
import { oauth2ClientCredentials } from './oauth2-client-credentials.ts'
import { oauth2JwtBearer } from './oauth2-jwt-bearer.ts'
import { oauth2SamlBearerAssertion } from './oauth2-saml-bearer-assertion.ts'
import { oauth2UserTokenExchange } from './oauth2-user-token-exchange.ts'
import { principalPropagation } from './principal-propagation.ts'
import { samlAssertion } from './saml-assertion.ts'
import { sapAssertionSso } from './sap-assertion-sso.ts'
import { storedOnlyTypes } from './stored-only.ts'

const table: ReadonlyMap<string, AuthenticationType> = new Map(
  [
    noAuthentication,
    basicAuthentication,
    principalPropagation,
    oauth2ClientCredentials,
    oauth2JwtBearer,
    oauth2UserTokenExchange,
    oauth2SamlBearerAssertion,
    samlAssertion,
    sapAssertionSso,
    ...storedOnlyTypes,
  ].map((type) => [type.name, type]),
)

export function authenticationType(name: string): AuthenticationType | undefined {
  return table.get(name)
}

/** The value of `Authentication`; where it is absent, what clients conclude from the other properties. */
export function authenticationName(properties: Properties): string {
  const basic = present(properties, 'User') !== undefined && present(properties, 'Password') !== undefined
  return present(properties, 'Authentication') ?? (basic ? basicAuthentication.name : noAuthentication.name)
}
