import type { Asn1 } from 'node-forge'

const contextSpecific = 0x80

/**
 * Makes a certificate that node-forge encoded anew what it was. The library writes the parameters of signature
 * algorithms in its own way (RSASSA-PSS, or a NULL where there was none). The signed part, which it leaves alone, says
 * it right, and the two must be the same (RFC 5280 section 4.1.1.2).
 * @param encoded what `certificateToAsn1` returned; it is changed
 */
export function withSignedAlgorithm(encoded: Asn1): Asn1 {
  if (!Array.isArray(encoded.value)) return encoded
  const fields = encoded.value[0]?.value
  if (!Array.isArray(fields)) return encoded
  const hasVersion = fields[0]?.tagClass === contextSpecific
  const algorithm = fields[hasVersion ? 2 : 1]
  if (algorithm !== undefined) encoded.value[1] = algorithm
  return encoded
}
