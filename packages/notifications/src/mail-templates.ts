import type { NewsKind } from './certificate-news.ts'

/** What an operator wants mails of one kind to say; what is empty or absent is said in the words of the platform. */
export interface MailTemplate {
  /** One line, sent as it stands. */
  readonly subject?: string
  /** Before the facts of the certificate; paragraphs are parted by an empty line. */
  readonly intro?: string
  /** Behind the facts. */
  readonly advice?: string
}

export type MailTemplates = Readonly<Partial<Record<NewsKind, MailTemplate>>>

/** What `{{…}}` in a template may name. */
export const templatePlaceholders = [
  'name',
  'usedAs',
  'subject',
  'subaccount',
  'notBefore',
  'notAfter',
  'fingerprint',
  'previousFingerprint',
  'who',
  'reason',
] as const

export type TemplateValues = Readonly<Record<(typeof templatePlaceholders)[number], string>>

/** Source of an expression that fits texts whose placeholders are all known. */
export const templatePattern = `^(?:(?!\\{\\{|\\}\\})[\\s\\S]|\\{\\{(?:${templatePlaceholders.join('|')})\\}\\})*$`

/** Source of an expression that fits what may stand in the header of a mail. */
export const subjectPattern = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]{0,200}$'
