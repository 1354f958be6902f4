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
