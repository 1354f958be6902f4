import type { CertificateNews, NewsCertificate, NewsKind } from './certificate-news.ts'
import type { MailTemplate, TemplateValues } from './mail-templates.ts'

/** What people read: the same in the notification centre and in mails. */
export interface Message {
  /** One of few constants, or what the operator wrote; never holds anything of a certificate. */
  readonly subject: string
  readonly text: string
  readonly html: string
}

interface Template {
  readonly subject: string
  readonly intro: string
  readonly advice: string
}

const templates: Readonly<Record<NewsKind, Template>> = {
  renewed: {
    subject: 'Certificate has been renewed',
    intro: 'The certificate "{{name}}" has been renewed. Its validity and its fingerprint have changed.',
    advice:
      'Systems that know the old certificate answer 401 (Unauthorized) until they know the new one: upload it there before the old one is used no more. The old key pair works until its own end, unless an operator retires it.',
  },
  expiring: {
    subject: 'Certificate is going to expire soon',
    intro: 'The certificate "{{name}}" expires on {{notAfter}}.',
    advice: '{{who}}',
  },
  expired: {
    subject: 'Certificate has expired',
    intro: 'The certificate "{{name}}" expired on {{notAfter}}. Connections that present it are refused.',
    advice: 'Replace it now. "landbridge diagnose certificate {{name}}" tells what else is in the way.',
  },
  'renewal-failed': {
    subject: 'Certificate could not be renewed',
    intro: 'The certificate "{{name}}", which expires on {{notAfter}}, could not be renewed: {{reason}}',
    advice:
      'It is tried again every day. If this message comes again, an operator has to look at the log of the connectivity service.',
  },
}

const who: Readonly<Record<CertificateNews['renewer'], string>> = {
  platform: 'It will be renewed in the next run, on the first day of the next month. Nothing is to be done now.',
  connector:
    'The Cloud Connector that holds it renews it by itself while it is connected. Check that the connector runs, or refresh the certificate in its administration.',
  user: 'It was uploaded by a user and is not renewed by the platform: upload a new one in time.',
}

/** The subject line of news. Those of renewal and announcement are fixed for tenants (CERT-003). */
export function subjectOf({ kind, subaccountId }: Pick<CertificateNews, 'kind' | 'subaccountId'>): string {
  return `${subaccountId === '' ? 'Platform' : 'Tenant'} ${templates[kind].subject}`
}

/**
 * Writes the message of news in both forms; the same news give the same message, byte for byte.
 * @param own words of the operator in place of ours
 */
export function composeMessage(news: CertificateNews, own: MailTemplate = {}): Message {
  const { intro, advice } = templates[news.kind]
  const subject = own.subject || subjectOf(news)
  const values = placeholders(news)
  const rows = factsOf(news)
  const paragraphs = [own.intro || intro, own.advice || advice].map((template) => fill(template, values))
  const width = Math.max(...rows.map(([label]) => label.length)) + 2
  const lines = rows.map(([label, value]) => `${`${label}:`.padEnd(width)}${plain(value)}`)
  return {
    subject,
    text: [paragraphs[0], ...(lines.length > 0 ? [lines.join('\n')] : []), paragraphs[1], ''].join('\n\n'),
    html: page(subject, paragraphs, rows),
  }
}

function placeholders({ certificate, previous, subaccountId, renewer, reason }: CertificateNews): TemplateValues {
  return {
    name: certificate.name,
    usedAs: certificate.kind,
    subject: certificate.subject,
    subaccount: subaccountId,
    notBefore: day(certificate.notBeforeMs),
    notAfter: day(certificate.notAfterMs),
    fingerprint: certificate.fingerprint,
    previousFingerprint: previous?.fingerprint ?? '',
    who: who[renewer],
    reason: reason ?? 'the reason is in the log',
  }
}

type Row = readonly [label: string, value: string]

function factsOf({ certificate, previous, subaccountId }: CertificateNews): readonly Row[] {
  const owner: readonly Row[] = subaccountId === '' ? [] : [['Subaccount', subaccountId]]
  return [
    ...owner,
    ['Used as', certificate.kind],
    ...(previous === undefined
      ? describe('', certificate)
      : [...describe('New ', certificate), ...describe('Old ', previous)]),
  ]
}

function describe(which: string, certificate: NewsCertificate): readonly Row[] {
  const label = (text: string): string => (which === '' ? text : `${which}${text.toLowerCase()}`)
  return [
    [label('Subject'), certificate.subject],
    [label('Fingerprint (SHA-256)').replace('sha', 'SHA'), certificate.fingerprint],
    [label('Validity'), `${time(certificate.notBeforeMs)} to ${time(certificate.notAfterMs)}`],
  ]
}

function fill(template: string, values: TemplateValues): string {
  const named: Readonly<Record<string, string>> = values
  return template.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => plain(named[name] ?? ''))
}

function page(subject: string, paragraphs: readonly string[], rows: readonly Row[]): string {
  const cells = rows.map(
    ([label, value]) =>
      `<tr><th align="left">${escaped(label)}</th><td><code>${escaped(plain(value))}</code></td></tr>`,
  )
  const [intro = '', advice = ''] = paragraphs.map((words) =>
    words
      .split(/\n{2,}/)
      .map((paragraph) => `<p>${escaped(paragraph).replaceAll('\n', '<br>')}</p>`)
      .join(''),
  )
  const table = `<table cellpadding="4">${cells.join('')}</table>`
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head><body>${intro}${table}${advice}</body></html>`
}

/** One line: what others chose (names, subjects, reasons) must not look like more than it is. */
function plain(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').slice(0, 1_000)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
