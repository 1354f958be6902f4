import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'

const sequence = (...parts: Buffer[]) => tagged(0x30, ...parts)

function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length =
    content.length < 128
      ? [content.length]
      : content.length < 256
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

/** A new EC key and a PKCS#10 request for it (RFC 2986), as a connector makes them: the key stays on its side. */
export function newSigningRequest(): { key: string; csr: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const info = sequence(Buffer.from([2, 1, 0]), sequence(), publicKey, tagged(0xa0))
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))
  const signature = sign('sha256', info, createPrivateKey(privateKey))
  const der = sequence(info, ecdsaWithSha256, tagged(3, Buffer.from([0]), signature))
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')
  return {
    key: privateKey,
    csr: `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`,
  }
}
