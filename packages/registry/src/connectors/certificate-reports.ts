import { type Clock, type Closeable, describeError, type Log } from '@landbridge/kernel'
import type { ConnectorPlace } from './bus-message.ts'
import { type CertificateReport, parseCertificateReport } from './certificate-report.ts'

/** Where reports are kept: the last one of each connector of a subaccount. */
export interface CertificateReportStore {
  putCertificateReport(report: CertificateReport): Promise<void>
  /** Of connectors that have a certificate which is neither revoked nor ended before `endedAfterMs`. */
  listCertificateReports(endedAfterMs: number): Promise<readonly CertificateReport[]>
}

/** A connector that reports more often than this has only its newest report kept. */
const pauseMs = 5_000

/** Keeps what connectors report, however often they do: per session one write at a time, and a pause after it. */
export class CertificateReports implements Closeable {
  readonly #store: CertificateReportStore
  readonly #clock: Clock
  readonly #log: Log
  /** Sessions that reported a moment ago, with what came since. */
  readonly #pausing: Map<string, Readonly<Record<string, unknown>> | undefined>
  readonly #timers: Map<string, () => void>
  readonly #writes: Set<Promise<void>>

  constructor(options: { readonly store: CertificateReportStore; readonly clock: Clock; readonly log: Log }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#pausing = new Map()
    this.#timers = new Map()
    this.#writes = new Set()
  }

  /** Takes in a report; who reports is known from the session, not from the message. */
  received(sessionId: string, place: ConnectorPlace, message: Readonly<Record<string, unknown>>): void {
    if (this.#pausing.has(sessionId)) {
      this.#pausing.set(sessionId, message)
      return
    }
    this.#pausing.set(sessionId, undefined)
    const write = this.#write(place, message).finally(() => {
      this.#writes.delete(write)
      if (this.#pausing.has(sessionId)) this.#pause(sessionId, place)
    })
    this.#writes.add(write)
  }

  /** The session is gone: what waited is not written any more. */
  ended(sessionId: string): void {
    this.#timers.get(sessionId)?.()
    this.#timers.delete(sessionId)
    this.#pausing.delete(sessionId)
  }

  async close(): Promise<void> {
    for (const sessionId of [...this.#pausing.keys()]) this.ended(sessionId)
    await Promise.all(this.#writes)
  }

  #pause(sessionId: string, place: ConnectorPlace): void {
    const cancel = this.#clock.after(pauseMs, () => {
      const waiting = this.#pausing.get(sessionId)
      this.ended(sessionId)
      if (waiting !== undefined) this.received(sessionId, place, waiting)
    })
    this.#timers.set(sessionId, cancel)
  }

  async #write(place: ConnectorPlace, message: Readonly<Record<string, unknown>>): Promise<void> {
    const report = parseCertificateReport(message)
    if (report === undefined) return
    try {
      await this.#store.putCertificateReport({ ...place, ...report, reportedAtMs: this.#clock.now() })
    } catch (failure) {
      this.#log.warn('connector.certificates.not-kept', { ...place, reason: describeError(failure) })
    }
  }
}
