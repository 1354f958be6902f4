import { createPrivateKey, X509Certificate } from 'node:crypto'

/** A PKCS#12 file without the check of integrity: a certificate in the clear, a key encrypted with its own password. */
export function fileWithKeyPassword(cert: string, key: string, keyPassword: string): Buffer {
  const encrypted = createPrivateKey(key).export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase: keyPassword,
  })
  const x509 = sequence(oid('2a864886f70d01091601'), explicit(octets(new X509Certificate(cert).raw)))
  const bags = sequence(
    sequence(oid('2a864886f70d010c0a0103'), explicit(x509)),
    sequence(oid('2a864886f70d010c0a0102'), explicit(encrypted)),
  )
  const data = (content: Buffer): Buffer => sequence(oid('2a864886f70d010701'), explicit(octets(content)))
  return sequence(der(0x02, Buffer.from([3])), data(sequence(data(bags))))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts))
const explicit = (content: Buffer): Buffer => der(0xa0, content)
const octets = (content: Buffer): Buffer => der(0x04, content)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
