import { createHash, randomBytes } from 'node:crypto'

interface Content {
  readonly keys?: readonly { readonly key: Buffer; readonly chain: readonly Buffer[] }[]
  readonly trusted?: readonly Buffer[]
}

/** Writes a Java key store of the type JKS, so that tests need no Java. */
export function javaKeyStore(password: string, { keys = [], trusted = [] }: Content): Buffer {
  const secret = Buffer.from(password, 'utf16le').swap16()
  const certificate = (der: Buffer) => Buffer.concat([text('X.509'), number(der.length), der])
  const head = (kind: number, alias: string) => Buffer.concat([number(kind), text(alias), Buffer.alloc(8)])
  const body = Buffer.concat([
    number(0xfeedfeed),
    number(2),
    number(keys.length + trusted.length),
    ...keys.flatMap(({ key, chain }, i) => {
      const sealed = protect(key, secret)
      return [head(1, `key-${i}`), number(sealed.length), sealed, number(chain.length), ...chain.map(certificate)]
    }),
    ...trusted.flatMap((der, i) => [head(2, `trusted-${i}`), certificate(der)]),
  ])
  return Buffer.concat([body, createHash('sha1').update(secret).update('Mighty Aphrodite').update(body).digest()])
}

/** EncryptedPrivateKeyInfo with the proprietary algorithm of Java. */
function protect(plain: Buffer, secret: Buffer): Buffer {
  const salt = randomBytes(20)
  const sealed = Buffer.from(plain)
  let pad: Buffer = salt
  for (let offset = 0; offset < plain.length; offset += 20) {
    pad = createHash('sha1').update(secret).update(pad).digest()
    for (let i = offset; i < Math.min(offset + 20, plain.length); i++) sealed[i]! ^= pad[i - offset]!
  }
  const check = createHash('sha1').update(secret).update(plain).digest()
  const algorithm = Buffer.from('300e060a2b060104012a021101010500', 'hex')
  return tagged(0x30, Buffer.concat([algorithm, tagged(0x04, Buffer.concat([salt, sealed, check]))]))
}

function tagged(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, 0x82, value.length >> 8, value.length & 255]), value])
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
}
