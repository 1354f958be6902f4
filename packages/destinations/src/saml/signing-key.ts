import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { tokenFailure } from '../token/token-failure.ts'

/** What signs an assertion. */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly certificate: X509Certificate
}

/**
 * Reads a key and its certificate.
 * @param name what the user calls the place they come from
 * @param password of an encrypted key
 * @throws PlatformError DESTINATION_TOKEN_FAILED
 */
export function readSigningKey(name: string, keyPem: string, certificatePem: string, password?: string): SigningKey {
  const key = privateKey(name, keyPem, password)
  const certificate = certificates(certificatePem).find((one) => one.checkPrivateKey(key))
  if (certificate === undefined) throw tokenFailure(`${name} holds no certificate of its private key`)
  if (key.asymmetricKeyType !== 'rsa') throw tokenFailure(`${name} holds no RSA key, which assertions are signed with`)
  return { privateKey: key, certificate }
}

/**
 * Reads a key store in PEM form, in which key and certificates stand one after the other.
 * @throws PlatformError DESTINATION_TOKEN_FAILED
 */
export function readPemKeyStore(name: string, content: Buffer, password: string | undefined): SigningKey {
  const text = content.toString('latin1')
  if (!text.includes('-----BEGIN')) throw tokenFailure(`${name} is no PEM file with a private key and its certificate`)
  return readSigningKey(name, text, text, password)
}

function privateKey(name: string, text: string, password: string | undefined): KeyObject {
  const pem = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^-]+-----END \1-----/.exec(text)?.[0]
  if (pem === undefined) throw tokenFailure(`${name} holds no private key`)
  try {
    return createPrivateKey({ key: pem, ...(password === undefined ? {} : { passphrase: password }) })
  } catch (cause) {
    throw tokenFailure(`the private key in ${name} cannot be read: check the file and its password`, cause)
  }
}

function certificates(text: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return [] // Others of the chain may be odd; that of the key is what counts.
    }
  })
}
