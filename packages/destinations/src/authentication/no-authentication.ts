import type { AuthenticationType } from './authentication-type.ts'

/** Guide L7255-7265. */
export const noAuthentication: AuthenticationType = {
  name: 'NoAuthentication',
  proxyTypes: ['Internet', 'OnPremise', 'PrivateLink'],
  validate: () => [],
  tokens: async () => [],
}
