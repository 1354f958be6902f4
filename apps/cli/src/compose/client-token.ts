import { type Clock, PlatformError, type Secret } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import { connectionFailure } from '../http/failure.ts'

export interface ClientTokenOptions {
  /** The complete token endpoint. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Sent besides the grant, for issuers that ask for more. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly agent: Dispatcher
  readonly clock: Clock
}

/** A token of an OAuth client for a long-running process: kept until four fifths of its life are over. */
export class ClientToken {
  readonly #options: ClientTokenOptions
  #token: string
  #freshUntilMs: number
  #fetching: Promise<string> | null

  constructor(options: ClientTokenOptions) {
    this.#options = options
    this.#token = ''
    this.#freshUntilMs = 0
    this.#fetching = null
  }

  /** @throws PlatformError CLI_UNREACHABLE or CLI_STEP_REFUSED */
  async get(): Promise<string> {
    if (this.#options.clock.now() < this.#freshUntilMs) return this.#token
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  async #fetch(): Promise<string> {
    const { url, clientId, clientSecret, parameters, agent, clock } = this.#options
    const step = 'token of the proxy'
    const form = new URLSearchParams({
      ...parameters,
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret.reveal(),
    })
    const answer = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      signal: AbortSignal.timeout(10_000),
    }).catch((cause: unknown) => {
      throw new PlatformError('CLI_UNREACHABLE', { step, url, reason: connectionFailure(cause) }, { cause })
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200)
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status: answer.statusCode, answer: text.slice(0, 300) })
    const { access_token: token, expires_in: seconds } = JSON.parse(text) as {
      readonly access_token: string
      readonly expires_in: number
    }
    this.#token = token
    this.#freshUntilMs = clock.now() + seconds * 800
    return token
  }
}
