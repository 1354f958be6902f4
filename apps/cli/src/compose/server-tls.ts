import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { PlatformError, type Secret } from '@landbridge/kernel'

/** Certificates of a file that a setting names, PEM. @throws PlatformError CONFIG_INVALID */
export function readCertificates(setting: string, path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    new X509Certificate(text)
    return text
  } catch (cause) {
    const problems = [`${setting}: expected a readable PEM file with a certificate, found ${path}`]
    throw new PlatformError('CONFIG_INVALID', { problems }, { cause })
  }
}

/** Certificate and key with which a component answers connections, PEM. @throws PlatformError CONFIG_INVALID */
export function readServerTls(tls: { readonly certificateFile: string; readonly key: Secret }): {
  readonly cert: string
  readonly key: string
} {
  const cert = readCertificates('tls.certificateFile', tls.certificateFile)
  const key = tls.key.reveal()
  if (!fits(cert, key))
    throw new PlatformError('CONFIG_INVALID', {
      problems: [`tls.key: expected the private key of ${tls.certificateFile} as PEM, found another one or none`],
    })
  return { cert, key }
}

function fits(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
