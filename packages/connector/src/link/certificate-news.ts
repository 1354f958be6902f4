import type { ControlMessage } from '@landbridge/tunnel'
import { certificateReport, type OwnCertificate } from '../configuration/own-certificates.ts'

/** The last report of the connector's own certificates, for links that connect, and whether there is a newer one. */
export class CertificateNews {
  #fingerprint: string | undefined
  #message: ControlMessage | undefined

  /** For a control session that has just begun; undefined when nothing is reported. */
  get message(): ControlMessage | undefined {
    return this.#message
  }

  /** The report, when it is another than before. */
  changed(certificates: readonly OwnCertificate[] | undefined): ControlMessage | undefined {
    // Told to stop, a connector takes back what it told.
    if (certificates === undefined && this.#message === undefined) return undefined
    const list = certificates ?? []
    const fingerprint = JSON.stringify(list)
    if (fingerprint === this.#fingerprint) return undefined
    this.#fingerprint = fingerprint
    this.#message = certificateReport(list)
    return this.#message
  }
}
