// @peculiar/x509 needs reflection metadata to be loaded before it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { Secret } from '@landbridge/kernel'
import { cryptoProvider, Pkcs10CertificateRequestGenerator } from '@peculiar/x509'

cryptoProvider.set(webcrypto)

export interface KeyAndRequest {
  /** PEM (PKCS#8). */
  readonly privateKey: Secret
  /** PEM (PKCS#10, RFC 2986), signed with the key. */
  readonly csr: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Makes a new EC P-256 key and a signing request for it. The issuer decides the subject; this one is a hint. */
export async function createKeyAndRequest(commonName: string): Promise<KeyAndRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const lines = der.match(/.{1,64}/g) ?? []
  return {
    privateKey: new Secret(`-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`),
    csr: request.toString('pem'),
  }
}
