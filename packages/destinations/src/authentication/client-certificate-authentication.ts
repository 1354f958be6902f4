import { type Properties, present } from '../properties.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties } from './required-properties.ts'

/** Guide L7317-7352: the caller itself presents the certificate, which the answer contains unless it has its own. */
export const clientCertificateAuthentication: AuthenticationType = {
  name: 'ClientCertificateAuthentication',
  proxyTypes: ['Internet', 'PrivateLink'],
  validate(properties) {
    const source = present(properties, 'KeyStore.Source')
    if (source !== undefined && source !== 'DestinationService' && source !== 'ClientProvided')
      return ['property KeyStore.Source must be DestinationService or ClientProvided']
    return holdsKeyStore(properties) ? requiredProperties(properties, ['KeyStoreLocation']) : []
  },
  tokens: async () => [],
}

/** False when the caller brings its own key store. */
export function holdsKeyStore(properties: Properties): boolean {
  return present(properties, 'KeyStore.Source') !== 'ClientProvided'
}
