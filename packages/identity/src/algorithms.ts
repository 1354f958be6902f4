/** Signature algorithms that verifiers accept: asymmetric ones only, so a public key can never act as a shared secret. */
export const acceptedAlgorithms: ReadonlySet<string> = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
])
