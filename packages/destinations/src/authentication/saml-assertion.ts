import { present } from '../properties.ts'
import { destinationAssertion } from '../saml/destination-assertion.ts'
import type { GrantedToken } from '../token/auth-token.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties } from './required-properties.ts'

const scheme = 'SAML2.0'
const declaration = '<?xml version="1.0" encoding="UTF-8"?>'

/** Guide L8761-8943: the assertion itself is the token. Nobody is called, and there is no `SystemUser`. */
export const samlAssertion: AuthenticationType = {
  name: 'SAMLAssertion',
  proxyTypes: ['Internet', 'OnPremise', 'PrivateLink'],
  validate: (properties) => requiredProperties(properties, ['audience', 'authnContextClassRef']),
  async tokens(context) {
    const token = await context.userToken()
    const key = await context.saml.signingKey()
    const { value } = await context.cached([token.raw, key.certificate.fingerprint256], async () => {
      const recipient = present(context.properties, 'URL') ?? ''
      const { xml, expiresAtMs } = await destinationAssertion(context, { token }, key, recipient)
      return granted(Buffer.from(declaration + xml, 'utf8').toString('base64'), expiresAtMs)
    })
    return [{ type: scheme, value, http_header: { key: 'Authorization', value: `${scheme} ${value}` } }]
  },
}

function granted(value: string, expiresAtMs: number): GrantedToken {
  return { value, type: scheme, expiresAtMs, scope: undefined, refreshToken: undefined }
}
