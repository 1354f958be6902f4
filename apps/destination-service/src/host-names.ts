import type { PeerCertificate } from 'node:tls'

/**
 * The check of `HostnameVerifier=BrowserCompatible` (guide L6738-6767): the first common name or any alternative name,
 * and a wildcard stands for any number of labels. TLS itself does the strict check.
 * @returns an error when the certificate is for another host
 */
export function checkBrowserCompatible(host: string, certificate: PeerCertificate): Error | undefined {
  const { CN } = certificate.subject ?? {}
  const commonName = Array.isArray(CN) ? CN[0] : CN
  const alternatives = [...(certificate.subjectaltname ?? '').matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)]
  const names = [...(commonName === undefined ? [] : [commonName]), ...alternatives.map(([, name = '']) => name)]
  if (names.some((name) => covers(name.toLowerCase(), host.toLowerCase().replace(/\.$/, '')))) return undefined
  return Object.assign(new Error('the certificate is for another host'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

function covers(name: string, host: string): boolean {
  if (!name.startsWith('*.')) return name === host
  const suffix = name.slice(1)
  // A wildcard for a whole top-level domain would cover everything below it.
  return suffix.indexOf('.', 1) > 0 && host.endsWith(suffix) && host.length > suffix.length
}
