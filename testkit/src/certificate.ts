import { webcrypto } from 'node:crypto'
import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'

export interface TestCertificate {
  readonly certificate: string
  readonly key: string
}

/**
 * A fresh self-signed P-256 certificate with the common name `localhost`, valid for a day; its own CA.
 * @param dnsNames alternative names; with any, strict clients do not look at the common name
 */
export async function selfSignedCertificate(dnsNames: readonly string[] = []): Promise<TestCertificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  return selfSigned(await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']), algorithm, dnsNames)
}

/** Like `selfSignedCertificate`, with an RSA key and a signature of RSASSA-PSS, whose algorithm has parameters. */
export async function rsaPssCertificate(): Promise<TestCertificate> {
  const algorithm = { name: 'RSA-PSS', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return selfSigned(keys, { ...algorithm, saltLength: 32 }, [])
}

async function selfSigned(
  keys: webcrypto.CryptoKeyPair,
  signingAlgorithm: { name: string; hash: string; saltLength?: number },
  dnsNames: readonly string[],
): Promise<TestCertificate> {
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=localhost',
      keys,
      signingAlgorithm,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 86_400_000),
      extensions:
        dnsNames.length === 0
          ? []
          : [new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))],
    },
    webcrypto,
  )
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certificate: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  }
}
