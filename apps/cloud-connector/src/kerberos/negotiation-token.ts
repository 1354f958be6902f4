/** SPNEGO and Kerberos as object identifiers (RFC 4178, RFC 4121). */
const spnego = Buffer.from('06062b0601050502', 'hex')
const kerberos = Buffer.from('06092a864886f712010202', 'hex')

/** Wraps the first token of Kerberos as HTTP's Negotiate wants it (RFC 4178 section 4.2.1): a NegTokenInit. */
export function negotiationToken(kerberosToken: Buffer): Buffer {
  const mechanisms = wrapped(0xa0, wrapped(0x30, kerberos))
  const token = wrapped(0xa2, wrapped(0x04, kerberosToken))
  return wrapped(0x60, spnego, wrapped(0xa0, wrapped(0x30, mechanisms, token)))
}

/** A DER value with its tag and length. */
function wrapped(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const digits = Buffer.from(
    length.toString(16).padStart(length.toString(16).length + (length.toString(16).length % 2), '0'),
    'hex',
  )
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, content])
}
