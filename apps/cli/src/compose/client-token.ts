import { X509Certificate } from 'node:crypto'
import { type Clock, PlatformError, type Secret } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import { connectionFailure } from '../http/failure.ts'
import { refusal } from '../http/refusal.ts'

export interface ClientTokenOptions {
  /** The complete token endpoint. */
  readonly url: string
  readonly clientId: string
  /** Absent where the agent shows a certificate. */
  readonly clientSecret?: Secret
  /** The certificate that the agent shows. */
  readonly clientCertificate?: { readonly cert: string }
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

  /** @throws PlatformError CLI_UNREACHABLE, CLI_STEP_REFUSED or PROXY_CREDENTIAL_EXPIRED */
  async get(): Promise<string> {
    if (this.#options.clock.now() < this.#freshUntilMs) return this.#token
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  async #fetch(): Promise<string> {
    const { url, clientId, clientSecret, clientCertificate, parameters, agent, clock } = this.#options
    if (clientCertificate !== undefined) assertNotExpired(clientCertificate.cert, clock)
    const step = 'token of the proxy'
    const form = new URLSearchParams({
      ...parameters,
      grant_type: 'client_credentials',
      client_id: clientId,
      ...(clientSecret === undefined ? {} : { client_secret: clientSecret.reveal() }),
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
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status: answer.statusCode, answer: refusal(text) })
    const granted = readGrant(text)
    // A successful answer may hold a token: it is never shown.
    if (granted === undefined)
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status: 200, answer: '(no JSON with an access_token)' })
    const { token, seconds } = granted
    this.#token = token
    this.#freshUntilMs = clock.now() + seconds * 800
    return token
  }
}

/** Said here because a token service only answers that it does not know the client. @throws PlatformError PROXY_CREDENTIAL_EXPIRED */
export function assertNotExpired(pem: string, clock: Clock): void {
  const { validToDate, subject } = new X509Certificate(pem)
  if (validToDate.getTime() <= clock.now())
    throw new PlatformError('PROXY_CREDENTIAL_EXPIRED', {
      notAfter: validToDate.toISOString(),
      subject: subject.replaceAll('\n', ', '),
    })
}

/** How long a token is used whose answer does not say it, which RFC 6749 section 5.1 allows. */
const unknownSeconds = 300

function readGrant(text: string): { readonly token: string; readonly seconds: number } | undefined {
  try {
    const { access_token: token, expires_in: seconds = unknownSeconds } = JSON.parse(text) as Record<string, unknown>
    // Some issuers write the number as a text.
    return typeof token === 'string' ? { token, seconds: Number(seconds) || unknownSeconds } : undefined
  } catch {
    return undefined
  }
}
