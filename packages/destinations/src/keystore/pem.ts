import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { invalidKeyStore, type StoreContent, wrongPassword } from './store-content.ts'

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/** Reads all certificates and keys of a PEM text (RFC 7468), what stands between the blocks is a comment. */
export async function readPem(text: string, password: string | undefined): Promise<StoreContent> {
  const keys: KeyObject[] = []
  const certificates: X509Certificate[] = []
  for (const [whole, label = ''] of text.matchAll(block)) {
    if (label === 'CERTIFICATE' || label === 'X509 CERTIFICATE') certificates.push(certificate(whole, label))
    else if (label.endsWith('PRIVATE KEY')) keys.push(await privateKey(whole, label, password))
  }
  if (keys.length + certificates.length === 0) throw invalidKeyStore('it holds no certificate and no key')
  return { keys, certificates }
}

function certificate(text: string, label: string): X509Certificate {
  try {
    return new X509Certificate(text.replaceAll(label, 'CERTIFICATE'))
  } catch (cause) {
    throw invalidKeyStore('a certificate in it is damaged', cause)
  }
}

async function privateKey(text: string, label: string, password: string | undefined): Promise<KeyObject> {
  const isPkcs8 = label === 'ENCRYPTED PRIVATE KEY'
  const isEncrypted = isPkcs8 || /^Proc-Type: *4,ENCRYPTED/m.test(text)
  if (isEncrypted && password === undefined)
    throw wrongPassword('it is protected by a password, and none is configured')
  const der = Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64')
  const legacy = isPkcs8 ? await import('./pkcs12.ts') : undefined
  legacy?.checkPasswordWork(der)
  try {
    return createPrivateKey({ key: text, ...(isEncrypted ? { passphrase: password ?? '' } : {}) })
  } catch (cause) {
    if (!isEncrypted) throw invalidKeyStore('a key in it is damaged', cause)
    if (legacy === undefined) throw wrongPassword('the password does not open the key', cause)
    return legacy.openLegacyKey(der, password ?? '')
  }
}
