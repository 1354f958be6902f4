import { createPrivateKey, createPublicKey, generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { Secret } from '@landbridge/kernel'
import { exportJWK, type JWK } from 'jose'

const newKeyPair = promisify(generateKeyPair)

export type SigningAlgorithm = 'RS256' | 'ES256'

/** A key pair of the token service, with its place in the order of rotation. */
export interface SigningKey {
  readonly keyId: string
  /** 1, 2, 3 …: a new key takes the next number, so that of two replicas rotating at once only one succeeds. */
  readonly generation: number
  readonly algorithm: SigningAlgorithm
  /** PKCS#8 PEM. */
  readonly privateKey: Secret
  readonly createdAtMs: number
  /** From here on the key signs, until the next generation becomes active. It is published from its creation. */
  readonly activeFromMs: number
}

/** Where the replicas of a token service share their keys. */
export interface SigningKeyStore {
  list(): Promise<readonly SigningKey[]>
  /** @returns false, and changes nothing, when the generation exists already. */
  add(key: SigningKey): Promise<boolean>
  /** Removes a key for good. Removing twice is harmless. */
  retire(keyId: string): Promise<void>
}

/** RSA keys have 2048 bits, EC keys the curve P-256. */
export async function newSigningKey(
  place: Pick<SigningKey, 'generation' | 'algorithm' | 'createdAtMs' | 'activeFromMs'>,
): Promise<SigningKey> {
  const { privateKey } =
    place.algorithm === 'ES256'
      ? await newKeyPair('ec', { namedCurve: 'P-256' })
      : await newKeyPair('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { ...place, keyId: randomUUID(), privateKey: new Secret(pem) }
}

/** What a key set publishes: never a private member. */
export async function publicJwk(key: SigningKey): Promise<JWK> {
  const { kty, n, e, crv, x, y } = await exportJWK(createPublicKey(createPrivateKey(key.privateKey.reveal())))
  const members = kty === 'RSA' ? { n, e } : { crv, x, y }
  return Object.fromEntries(
    Object.entries({ kty, kid: key.keyId, alg: key.algorithm, use: 'sig', ...members }).filter(
      ([, value]) => value !== undefined,
    ),
  )
}
