import type { AuthenticationType } from './authentication-type.ts'

/** Guide L6784-6889: the caller itself hands the user's token to the connectivity proxy. */
export const principalPropagation: AuthenticationType = {
  name: 'PrincipalPropagation',
  proxyTypes: ['OnPremise'],
  validate: () => [],
  tokens: async () => [],
}
