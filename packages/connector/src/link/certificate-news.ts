import type { ControlMessage } from '@landbridge/tunnel'
import { certificateReport, type OwnCertificate } from '../configuration/own-certificates.ts'

/** The last report of the connector's own certificates, for links that connect, and whether there is a newer one. */
export class CertificateNews {
  #content: string | undefined
  #message: ControlMessage | undefined

  /** For a control session that has just begun; undefined when nothing is reported. */
  get message(): ControlMessage | undefined {
    return this.#message
  }

  /** The report, when it is another than before. */
  changed(certificates: readonly OwnCertificate[] | undefined): ControlMessage | undefined {
    if (certificates === undefined) return undefined
    const content = JSON.stringify(certificates)
    if (content === this.#content) return undefined
    this.#content = content
    this.#message = certificateReport(certificates)
    return this.#message
  }
}
