import { getCACertificates } from 'node:tls'
import type { Log } from '@landbridge/kernel'
import { type ApplicationCallback, type CallApplication, callbackFailed } from '@landbridge/registry'
import { Agent, request } from 'undici'

/** The token of a callback: of the platform, in the tenant of the provider, with the scopes that it grants. Secret. */
export type CallbackToken = (call: Pick<ApplicationCallback, 'providerSubaccountId' | 'scopes'>) => Promise<string>

export interface ApplicationCallerOptions {
  readonly token: CallbackToken
  /** PEM of authorities that applications may have certificates of, besides those of Node. */
  readonly ca: string
  /** For one callback, from connecting to the last byte. */
  readonly timeoutMs: number
  readonly log: Log
}

/** More than any list of dependencies or address needs: what an application answers is not ours. */
const maxAnswerBytes = 64 * 1024

/** Calls the callbacks of applications. Redirects are not followed: the token is for the address that was agreed on. */
export class ApplicationCaller {
  readonly #options: ApplicationCallerOptions
  readonly #agent: Agent

  constructor(options: ApplicationCallerOptions) {
    this.#options = options
    this.#agent = new Agent({
      maxResponseSize: maxAnswerBytes,
      connect: { ca: [...getCACertificates('default'), options.ca] },
    })
  }

  readonly call: CallApplication = async (call) => {
    const { callback, method, url, body } = call
    const { token, timeoutMs, log } = this.#options
    const authorization = `Bearer ${await token(call)}`
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization,
          accept: '*/*',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await answer.body.text()
      log.info('provisioning.callback.answered', { callback, method, status: answer.statusCode })
      return { status: answer.statusCode, text }
    } catch (thrown) {
      log.warn('provisioning.callback.failed', { callback, method }, thrown)
      throw callbackFailed({ callback, reason: reasonOf(thrown, timeoutMs) }, thrown)
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  if (!(thrown instanceof Error)) return 'no answer'
  if (thrown.name === 'TimeoutError' || thrown.name === 'AbortError') return `no answer within ${timeoutMs} ms`
  const code = 'code' in thrown ? String(thrown.code) : thrown.name
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `an answer of more than ${maxAnswerBytes} bytes`
  return `no answer: ${code}`
}
