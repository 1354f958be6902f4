import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType } from './authentication-type.ts'

const all = ['Internet', 'OnPremise', 'PrivateLink']
const tokenService = ['Internet', 'OnPremise']

/** Types that can be stored, while their tokens cannot be fetched yet. A type leaves this list for a file of its own. */
export const storedOnlyTypes: readonly AuthenticationType[] = [
  storedOnly('OAuth2SAMLBearerAssertion', tokenService),
  storedOnly('SAMLAssertion', all),
  storedOnly('SAPAssertionSSO', all),
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
