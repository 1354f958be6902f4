import type { CertificateNews } from './certificate-news.ts'
import type { MailTemplates } from './mail-templates.ts'
import { composeMessage } from './message.ts'
import type { Delivery } from './notification.ts'

/** A mail without anything that depends on the way it is sent. */
export interface Mail {
  readonly to: string
  /** Without angle brackets. The same each time the delivery is tried. */
  readonly messageId: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly dateMs: number
  readonly attachment?: { readonly fileName: string; readonly content: string }
}

/** An address that is safe in any header: printable ASCII without spaces and without what separates or quotes there. */
const address = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/

export function isMailAddress(text: string): boolean {
  return text.length <= 254 && address.test(text)
}

/**
 * @param domain of the message ID, the one of the sender's address
 * @param templates of the operator
 */
export function composeMail(
  { id, recipient, createdAtMs }: Delivery,
  news: CertificateNews,
  domain: string,
  templates: MailTemplates = {},
): Mail {
  const { pem, fingerprint } = news.certificate
  return {
    to: recipient,
    messageId: `${id}@${domain}`,
    ...composeMessage(news, templates[news.kind]),
    dateMs: createdAtMs,
    // Named by the fingerprint: names of certificates are chosen by others.
    ...(pem === '' ? {} : { attachment: { fileName: `certificate-${fingerprint.slice(0, 16)}.pem`, content: pem } }),
  }
}
