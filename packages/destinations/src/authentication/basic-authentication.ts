import { present } from '../properties.ts'
import { basic } from '../token/client-authentication.ts'
import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties } from './required-properties.ts'

/** Guide L7266-7315. */
export const basicAuthentication: AuthenticationType = {
  name: 'BasicAuthentication',
  proxyTypes: ['Internet', 'OnPremise', 'PrivateLink'],
  validate: (properties) => requiredProperties(properties, ['User', 'Password']),
  async tokens({ properties }) {
    const user = present(properties, 'User')
    if (user === undefined || properties.Password === undefined)
      throw tokenFailure('the destination has no User and Password')
    const header = basic(user, properties.Password)
    return [
      { type: 'Basic', value: header.slice('Basic '.length), http_header: { key: 'Authorization', value: header } },
    ]
  },
}
