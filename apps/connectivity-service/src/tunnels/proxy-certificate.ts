import { X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The certificate that a proxy shows to connectors, as it says itself. */
export interface ProxyCertificate {
  /** Host name under which connectors reach it. */
  readonly name: string
  /** PEM. */
  readonly certificate: string
  /** Empty for a proxy of the platform. */
  readonly subaccountId: string
}

const longest = 12_000

/** Read from the headers with which a proxy asks for events; undefined for one that says nothing, or nothing readable. */
export function proxyCertificate(headers: IncomingHttpHeaders, subaccountId = ''): ProxyCertificate | undefined {
  const { 'landbridge-tunnel-host': name, 'landbridge-tunnel-certificate': der } = headers
  if (typeof name !== 'string' || !/^[\w.:-]{1,253}$/.test(name)) return undefined
  if (typeof der !== 'string' || der.length > longest) return undefined
  try {
    return { name, certificate: new X509Certificate(Buffer.from(der, 'base64')).toString(), subaccountId }
  } catch {
    return undefined
  }
}
