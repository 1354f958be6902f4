import { X509Certificate } from 'node:crypto'
import { type Clock, isPlatformError, type Log, PlatformError } from '@landbridge/kernel'
import { Agent, request } from 'undici'

export interface AuthoritiesOptions {
  /** Of the service key: where the connectivity service publishes the authorities of connectors. */
  readonly url: string
  /** CA (PEM) that issued the certificate of the service; the system's list when absent. */
  readonly ca?: string
  readonly clock: Clock
  readonly log: Log
}

const requestTimeoutMs = 8_000
const longestList = 1024 * 1024
const refreshMs = 3_600_000
/** After a failure: what counts meanwhile may be old. */
const retryMs = 60_000

/** The authorities that issue certificates of connectors; the list changes over time (guide L33071). */
export class ConnectorAuthorities {
  readonly #options: AuthoritiesOptions
  readonly #dispatcher: Agent
  #known: string
  #waitMs: number
  #isClosed: boolean
  #stop: () => void

  constructor(options: AuthoritiesOptions) {
    this.#options = options
    this.#dispatcher = new Agent({ connect: options.ca === undefined ? {} : { ca: options.ca } })
    this.#known = ''
    this.#waitMs = refreshMs
    this.#isClosed = false
    this.#stop = () => {}
  }

  /**
   * The list as it is now.
   * @param fallback PEM that counts while the service cannot be asked; '' for none
   * @throws PlatformError CONNECTOR_AUTHORITIES_UNAVAILABLE when there is neither
   */
  async first(fallback: string): Promise<string> {
    try {
      this.#known = await this.#fetch()
    } catch (failure) {
      if (fallback === '') throw failure
      this.#failed(failure)
      this.#known = fallback
    }
    return this.#known
  }

  /** Asks again every hour, and after a minute where that failed. What is known stays until there is something else to know. */
  follow(changed: (pem: string) => void): void {
    const { clock, log } = this.#options
    this.#stop = clock.after(this.#waitMs, () => {
      this.#fetch()
        .then(
          (pem) => {
            this.#waitMs = refreshMs
            if (pem === this.#known) return
            this.#known = pem
            changed(pem)
            log.info('proxy.connector-authorities-changed', { authorities: parse(pem).map(({ subject }) => subject) })
          },
          (failure: unknown) => this.#failed(failure),
        )
        .finally(() => {
          if (!this.#isClosed) this.follow(changed)
        })
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stop()
    await this.#dispatcher.destroy()
  }

  #failed(failure: unknown): void {
    if (this.#isClosed) return
    this.#waitMs = retryMs
    const reason = isPlatformError(failure) ? failure.facts.reason : 'failed'
    this.#options.log.warn('proxy.connector-authorities-unavailable', { url: this.#options.url, reason })
  }

  async #fetch(): Promise<string> {
    const { url } = this.#options
    const unavailable = (reason: string, cause?: unknown): PlatformError =>
      new PlatformError('CONNECTOR_AUTHORITIES_UNAVAILABLE', { url, reason }, { cause })
    let pem: string
    try {
      const signal = AbortSignal.timeout(requestTimeoutMs)
      const { statusCode, body } = await request(url, { dispatcher: this.#dispatcher, signal })
      pem = ''
      for await (const chunk of body) {
        pem += String(chunk)
        if (pem.length > longestList) throw unavailable('the list is too long')
      }
      if (statusCode !== 200) throw unavailable(`the service answered ${statusCode}`)
    } catch (cause) {
      if (isPlatformError(cause)) throw cause
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer in time'
      throw unavailable(code, cause)
    }
    try {
      if (parse(pem).length === 0) throw new Error('empty')
    } catch (cause) {
      throw unavailable('the answer is no list of certificates', cause)
    }
    return pem
  }
}

function parse(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}
