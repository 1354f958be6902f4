import type { Secret } from '@landbridge/kernel'
import forge, { type Asn1, type Bag } from 'node-forge'
import { withSignedAlgorithm } from './certificate-encoding.ts'

/** A certificate of a PKCS#12 file, with what tells whose it is. */
export interface Pkcs12Certificate {
  readonly der: Buffer
  readonly alias?: string
  /** True for the certificate of a private key in the file. */
  readonly isKeyOwner: boolean
}

const keyBags: ReadonlySet<string> = new Set(['1.2.840.113549.1.12.10.1.1', '1.2.840.113549.1.12.10.1.2'])

/** See `readPkcs12Certificates`. */
export function certificatesOf(bytes: Uint8Array, password: Secret): readonly Pkcs12Certificate[] | undefined {
  let bags: readonly Bag[]
  try {
    const file = forge.asn1.fromDer(Buffer.from(bytes).toString('latin1'))
    const { safeContents } = forge.pkcs12.pkcs12FromAsn1(file, false, password.reveal())
    bags = safeContents.flatMap((safe) => safe.safeBags)
  } catch {
    return undefined
  }
  const keys = bags.filter((bag) => keyBags.has(bag.type))
  const owners = new Set(keys.flatMap((bag) => bag.attributes?.localKeyId ?? []))
  return bags.flatMap((bag) => {
    const encoded = encodedCertificate(bag)
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

function encodedCertificate({ cert, asn1 }: Bag): Asn1 | undefined {
  if (cert === undefined) return undefined
  // What the library cannot read (EC) it leaves as it is.
  if (cert === null) return asn1
  return withSignedAlgorithm(forge.pki.certificateToAsn1(cert))
}
