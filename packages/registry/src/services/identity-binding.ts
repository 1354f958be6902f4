import { PlatformError } from '@landbridge/kernel'
import { type Binding, type BindingRequest, parseBindingParameters } from './binding.ts'

type Parameters = Readonly<Record<string, unknown>>

/**
 * What the parameters of a binding of the service `identity` ask for: `credential-type` with `SECRET` (default),
 * `X509_GENERATED` or `X509_PROVIDED` beside `key-length`, `validity`, `validity-type`, `certificate`. The form of an
 * XSUAA is understood as well.
 * @throws PlatformError BINDING_INVALID naming the parameter.
 */
export function parseIdentityBindingParameters(parameters: Parameters): BindingRequest {
  if (parameters.xsuaa !== undefined) return parseBindingParameters(parameters)
  const { 'credential-type': type = 'SECRET', certificate, ...generated } = parameters
  if (type === 'SECRET') return { credentialType: 'binding-secret' }
  const isProvided = type === 'X509_PROVIDED'
  if (!isProvided && type !== 'X509_GENERATED')
    throw new PlatformError('BINDING_INVALID', {
      field: 'parameters.credential-type',
      reason: 'must be SECRET, X509_GENERATED or X509_PROVIDED',
    })
  if (isProvided && certificate === undefined)
    throw new PlatformError('BINDING_INVALID', { field: 'parameters.certificate', reason: 'must be PEM text' })
  const x509 = isProvided ? { certificate } : generated
  return parseBindingParameters({ xsuaa: { 'credential-type': 'x509', x509 } })
}

/** The word of the service `identity` for the kind of a credential. */
export function identityCredentialType({ credentialType, privateKey }: Binding): string {
  if (credentialType !== 'x509') return 'SECRET'
  return privateKey === undefined ? 'X509_PROVIDED' : 'X509_GENERATED'
}
