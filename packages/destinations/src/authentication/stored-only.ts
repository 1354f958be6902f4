import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType } from './authentication-type.ts'

const direct = ['Internet', 'PrivateLink']
const tokenService = ['Internet', 'OnPremise']

/** Types that can be stored, while their tokens cannot be fetched yet. A type leaves this list for a file of its own. */
export const storedOnlyTypes: readonly AuthenticationType[] = [
  storedOnly('OAuth2Password', tokenService),
  storedOnly('OAuth2RefreshToken', tokenService),
  storedOnly('OAuth2AuthorizationCode', tokenService),
  storedOnly('OAuth2TechnicalUserPropagation', ['OnPremise']),
  storedOnly('OAuth2TokenExchange', tokenService),
  // The caller itself presents the certificate: no token, also in future.
  { ...storedOnly('ClientCertificateAuthentication', direct), tokens: async () => [] },
]

function storedOnly(name: string, proxyTypes: readonly string[]): AuthenticationType {
  return {
    name,
    proxyTypes,
    validate: () => [],
    tokens: async () => {
      throw tokenFailure(`the authentication type ${name} is not supported yet`)
    },
  }
}
