import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Secret } from '@landbridge/kernel'
import forge from 'node-forge'
import { splitPemChain } from './certificate-facts.ts'

export interface Pkcs12Content {
  /** PEM, the leaf first. */
  readonly chain: string
  /** PEM of the leaf's RSA key. */
  readonly key: string
  /** Friendly name of the entry: the alias in Java. */
  readonly alias: string
  /** Protects the key and the whole file; an empty one is possible. */
  readonly password: Secret
}

/** See `writePkcs12`. */
export function buildPkcs12({ chain, key, alias, password }: Pkcs12Content): Buffer {
  const rsa = pkcs1(createPrivateKey(key))
  const file = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(rsa),
    [...splitPemChain(chain)],
    password.reveal(),
    {
      algorithm: 'aes256',
      friendlyName: alias,
    },
  )
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'latin1')
}

function pkcs1(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' }).toString()
}

/** A certificate of a PKCS#12 file, with what tells whose it is. */
export interface Pkcs12Certificate {
  readonly der: Buffer
  readonly alias?: string
  /** True for the certificate of a private key in the file. */
  readonly isKeyOwner: boolean
}

/** See `readPkcs12Certificates`. */
export function certificatesOf(bytes: Uint8Array, password: Secret): readonly Pkcs12Certificate[] | undefined {
  let safes: ReturnType<typeof forge.pkcs12.pkcs12FromAsn1>['safeContents']
  try {
    const file = forge.asn1.fromDer(Buffer.from(bytes).toString('latin1'))
    safes = forge.pkcs12.pkcs12FromAsn1(file, false, password.reveal()).safeContents
  } catch {
    return undefined
  }
  const bags = safes.flatMap((safe) => safe.safeBags)
  const owners = new Set(bags.filter((bag) => bag.key !== undefined).flatMap((bag) => bag.attributes?.localKeyId ?? []))
  return bags.flatMap((bag) => {
    if (bag.cert === undefined) return []
    const encoded = bag.cert === null ? bag.asn1 : forge.pki.certificateToAsn1(bag.cert)
    if (encoded === undefined) return []
    const alias = bag.attributes?.friendlyName?.[0]
    return [
      {
        der: Buffer.from(forge.asn1.toDer(encoded).getBytes(), 'latin1'),
        isKeyOwner: bag.attributes?.localKeyId?.some((id) => owners.has(id)) ?? false,
        ...(alias === undefined ? {} : { alias }),
      },
    ]
  })
}
