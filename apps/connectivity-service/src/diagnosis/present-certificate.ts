import { request } from 'node:https'
import { isIP } from 'node:net'
import type { Attempt } from '@landbridge/certificates'
import { EndpointPolicy } from '@landbridge/destinations'
import { guardedLookup } from '@landbridge/http-api'

const longestBody = 4_000

export interface Presentation {
  readonly url: string
  /** PEM, leaf first. */
  readonly certificate: string
  readonly key: string
  /** The authorities that the receiver's certificate has to reach. */
  readonly ca: readonly string[]
  /** Takes any certificate of the receiver. */
  readonly trustsAll?: boolean
  /** A token request with this form; absent: GET. */
  readonly form?: Readonly<Record<string, string>>
  /** Valid ones only. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** Link-local networks and metadata services stay closed, also to operators' mistakes. */
const policy = new EndpointPolicy({ privateAddresses: 'allow' })

/** OpenSSL's names for alerts that a receiver sends when it does not like the certificate that it was shown. */
const refusedByReceiver =
  /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/
/** Node's names for a chain of the receiver that does not reach a trusted authority. */
const untrusted = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/

/** Really connects with the certificate and reads what the receiver answers. Never rejects. */
export function presentCertificate(presentation: Presentation): Promise<Attempt> {
  const { url, certificate, key, ca, trustsAll = false, form, headers = {}, timeoutMs } = presentation
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !policy.permits(host, host))
    return Promise.resolve({ kind: 'unreachable', code: 'FORBIDDEN_ADDRESS' })
  const body = form === undefined ? undefined : new URLSearchParams(form).toString()
  return new Promise((resolve) => {
    const outgoing = request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        agent: false,
        cert: certificate,
        key,
        ca: [...ca],
        rejectUnauthorized: !trustsAll,
        lookup: guardedLookup(assertPermitted),
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
      },
      (answer) => {
        let text = ''
        const done = (): void => {
          outgoing.destroy()
          resolve({ kind: 'answered', status: answer.statusCode ?? 0, body: withoutTokens(answer.statusCode, text) })
        }
        answer.setEncoding('utf8').on('data', (part: string) => {
          text = (text + part).slice(0, longestBody)
          if (text.length === longestBody) done()
        })
        answer.on('end', done).on('error', done)
      },
    )
    let isSecure = false
    outgoing.on('socket', (socket) => {
      socket.on('secureConnect', () => {
        isSecure = true
      })
    })
    outgoing.on('error', (failure) => resolve(attemptOf(failure, isSecure)))
    outgoing.end(body)
  })
}

/** What a receiver that agrees answers may be a token. */
function withoutTokens(status: number | undefined, text: string): string {
  return status !== undefined && status < 300 ? '' : text
}

function attemptOf(failure: Error, isSecure: boolean): Attempt {
  const given = 'code' in failure && typeof failure.code === 'string' ? failure.code : failure.name
  // An alert during the handshake comes as EPROTO with OpenSSL's words, "tlsv1 alert unknown ca".
  const [, alert] = (given === 'EPROTO' && /\balert ([a-z ]+)/.exec(failure.message)) || []
  const code = alert === undefined ? given : `ALERT_${alert.trim().replaceAll(' ', '_').toUpperCase()}`
  if (refusedByReceiver.test(code)) return { kind: 'handshake-failed', side: 'receiver', code }
  // In TLS 1.3 the receiver looks at the certificate after the sender is done; many then close without a word, which tells no cause.
  if (isSecure && code === 'ECONNRESET') return { kind: 'handshake-failed', side: 'receiver', code }
  if (untrusted.test(code)) return { kind: 'handshake-failed', side: 'sender', code }
  return { kind: 'unreachable', code }
}

function assertPermitted(host: string, address: string): void {
  if (!policy.permits(host, address)) throw Object.assign(new Error('forbidden'), { code: 'FORBIDDEN_ADDRESS' })
}
