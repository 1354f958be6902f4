import { X509Certificate } from 'node:crypto'
import { certificateFacts } from '@landbridge/identity'

/** A certificate as the API describes it, with its members in the recorded order. Time stamps in milliseconds. */
export interface CertificateJson {
  readonly notAfterTimeStamp: number
  readonly notBeforeTimeStamp: number
  readonly subjectDN: string
  readonly issuer: string
  /** Lower-case hexadecimal pairs joined by colons. */
  readonly serialNumber: string
}

/** @param pem the first certificate of a chain counts. */
export function certificateJson(pem: string): CertificateJson {
  const facts = certificateFacts(pem)
  const serial = facts.serialNumber.length % 2 === 0 ? facts.serialNumber : `0${facts.serialNumber}`
  return {
    notAfterTimeStamp: facts.notAfter.getTime(),
    notBeforeTimeStamp: facts.notBefore.getTime(),
    subjectDN: facts.subject,
    issuer: facts.issuer,
    serialNumber: serial.match(/../g)?.join(':') ?? '',
  }
}

/** As `certificateJson`, with the alternative names if there are any (guide L22430). */
export function certificateDescription(pem: string): object {
  const names = alternativeNames(new X509Certificate(pem).subjectAltName ?? '')
  return { ...certificateJson(pem), ...(names.length === 0 ? {} : { subjectAltNames: names }) }
}

const nameTypes: Readonly<Record<string, string>> = {
  DNS: 'DNS',
  'IP Address': 'IP',
  URI: 'URI',
  email: 'RFC822',
}

/** Node writes `DNS:a.example, IP Address:10.0.0.1`; other kinds of names are left out. */
function alternativeNames(text: string): readonly { type: string; value: string }[] {
  return text.split(', ').flatMap((entry) => {
    const colon = entry.indexOf(':')
    const type = nameTypes[entry.slice(0, colon)]
    return type === undefined ? [] : [{ type, value: entry.slice(colon + 1) }]
  })
}
