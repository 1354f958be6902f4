import type { AuthenticationType } from './authentication-type.ts'
import { basicAuthentication } from './basic-authentication.ts'
import { clientCertificateAuthentication } from './client-certificate-authentication.ts'
import { noAuthentication } from './no-authentication.ts'
import { oauth2AuthorizationCode } from './oauth2-authorization-code.ts'
import { oauth2ClientCredentials } from './oauth2-client-credentials.ts'
import { oauth2JwtBearer } from './oauth2-jwt-bearer.ts'
import { oauth2Password } from './oauth2-password.ts'
import { oauth2RefreshToken } from './oauth2-refresh-token.ts'
import { oauth2SamlBearerAssertion } from './oauth2-saml-bearer-assertion.ts'
import { oauth2TechnicalUserPropagation } from './oauth2-technical-user-propagation.ts'
import { oauth2TokenExchange } from './oauth2-token-exchange.ts'
import { oauth2UserTokenExchange } from './oauth2-user-token-exchange.ts'
import { principalPropagation } from './principal-propagation.ts'
import { samlAssertion } from './saml-assertion.ts'
import { sapAssertionSso } from './sap-assertion-sso.ts'

const table: ReadonlyMap<string, AuthenticationType> = new Map(
  [
    noAuthentication,
    basicAuthentication,
    principalPropagation,
    oauth2ClientCredentials,
    oauth2JwtBearer,
    oauth2UserTokenExchange,
    oauth2Password,
    oauth2RefreshToken,
    oauth2AuthorizationCode,
    oauth2TechnicalUserPropagation,
    oauth2TokenExchange,
    clientCertificateAuthentication,
    oauth2SamlBearerAssertion,
    samlAssertion,
    sapAssertionSso,
  ].map((type) => [type.name, type]),
)

export function authenticationType(name: string): AuthenticationType | undefined {
  return table.get(name)
}

export { authenticationName } from './authentication-name.ts'
