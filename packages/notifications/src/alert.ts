import { createHmac } from 'node:crypto'
import { equalSecrets, type Secret } from '@landbridge/kernel'
import type { CertificateNews, NewsCertificate } from './certificate-news.ts'
import { subjectOf } from './message.ts'
import type { Delivery } from './notification.ts'

/** The header that proves who sent an alert: `t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA-256>`. */
export const signatureHeader = 'landbridge-signature'

/** The JSON text of an alert; the same for every attempt. */
export function composeAlert({ id }: Delivery, news: CertificateNews): string {
  const { kind, subaccountId, certificate, previous, renewer, reason, atMs } = news
  return JSON.stringify({
    id,
    type: `certificate.${kind}`,
    event: news.id,
    subject: subjectOf(news),
    at: new Date(atMs).toISOString(),
    subaccountId,
    certificate: shown(certificate),
    ...(previous === undefined ? {} : { previous: shown(previous) }),
    renewer,
    ...(reason === undefined ? {} : { reason }),
  })
}

function shown({ notBeforeMs, notAfterMs, ...certificate }: NewsCertificate): object {
  const times = { notBefore: new Date(notBeforeMs).toISOString(), notAfter: new Date(notAfterMs).toISOString() }
  return { ...certificate, ...times }
}

/** The signature of `<seconds>.<body>`: a recorded alert cannot be replayed later as a new one. */
export function signAlert(secret: Secret, body: string, atMs: number): string {
  const seconds = Math.floor(atMs / 1_000)
  return `t=${seconds},v1=${hmac(secret, `${seconds}.${body}`)}`
}

/** What a receiver does; for tests and examples. @param toleranceMs how old an alert may be */
export function isSignedAlert(
  secret: Secret,
  body: string,
  header: string,
  nowMs: number,
  toleranceMs = 300_000,
): boolean {
  const [, seconds = '', given = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? []
  const isFresh = Math.abs(nowMs - Number(seconds) * 1_000) <= toleranceMs
  return given !== '' && isFresh && equalSecrets(given, hmac(secret, `${seconds}.${body}`))
}

function hmac(secret: Secret, text: string): string {
  return createHmac('sha256', secret.reveal()).update(text).digest('hex')
}
