import { getCACertificates } from 'node:tls'
import { PlatformError } from '@landbridge/kernel'
import { composeMail, type Mail, type Sender, type SendOutcome } from '@landbridge/notifications'
import nodemailer from 'nodemailer'
import type { NotificationsConfig } from './config.ts'

type MailConfig = NotificationsConfig['mail']

export interface MailSender {
  readonly send: Sender
  close(): void
}

/**
 * Sends mails over SMTP (RFC 5321), encrypted as configured.
 * @throws PlatformError CONFIG_INVALID
 */
export function createMailSender(config: MailConfig): MailSender {
  if (config.host === '')
    return {
      send: async () => ({ kind: 'down', problem: 'no mail server is configured (notifications.mail.host)' }),
      close() {},
    }
  const transport = createTransport(config)
  const domain = config.from.slice(config.from.lastIndexOf('@') + 1)
  return {
    async send(delivery, news) {
      try {
        await transport.sendMail(toMessage(composeMail(delivery, news, domain, config.templates), config.from))
        return { kind: 'sent' }
      } catch (failure) {
        return outcomeOf(failure)
      }
    },
    close: () => transport.close(),
  }
}

function createTransport(config: MailConfig) {
  const { host, port, security, user, password, ca } = config
  if ((user === undefined) !== (password === undefined))
    throw invalid('notifications.mail: expected both user and password, found only one of them')
  if (security === 'none' && password !== undefined)
    throw invalid('notifications.mail.security: "none" would send the password in clear; use "starttls" or "tls"')
  return nodemailer.createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === undefined || password === undefined ? {} : { auth: { user, pass: password.reveal() } }),
    tls: { minVersion: 'TLSv1.2', ca: [...getCACertificates('default'), ...(ca === undefined ? [] : [ca])] },
    // An attempt ends long before the lease of the delivery does.
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** Headers hold our own constants, a checked address and an ID of ours: nothing that could begin another header. */
function toMessage({ to, messageId, subject, text, html, dateMs, attachment }: Mail, from: string) {
  return {
    from: { name: 'Landbridge', address: from },
    to: { name: '', address: to },
    messageId: `<${messageId}>`,
    date: new Date(dateMs),
    subject,
    text,
    html,
    // RFC 3834: nobody answers, and no out-of-office reply comes back.
    headers: { 'auto-submitted': 'auto-generated' },
    ...(attachment === undefined
      ? {}
      : {
          attachments: [
            { filename: attachment.fileName, content: attachment.content, contentType: 'application/x-pem-file' },
          ],
        }),
  }
}

/** Refused for good is only what the server says of this recipient or this message. */
function outcomeOf(failure: unknown): SendOutcome {
  const { code, command, responseCode, response } = failure as {
    readonly code?: unknown
    readonly command?: unknown
    readonly responseCode?: unknown
    readonly response?: unknown
  }
  const status = typeof responseCode === 'number' ? responseCode : 0
  const name = typeof code === 'string' ? code : 'ERROR'
  if (name === 'EAUTH') return { kind: 'down', problem: `the mail server refuses the user or password (${status})` }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const words = typeof response === 'string' ? `: ${response.replace(/[\u0000-\u001f\u007f]+/g, ' ')}` : ''
  if (status === 0) return { kind: 'down', problem: `the mail server cannot be reached (${name})` }
  const problem = `the mail server answered ${status}${words}`
  const isAboutUs = typeof command === 'string' && /^(CONN|HELO|EHLO|LHLO|STARTTLS|AUTH|MAIL)/i.test(command)
  if (isAboutUs) return { kind: 'down', problem }
  return { kind: status >= 500 ? 'never' : 'later', problem }
}

function invalid(problem: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', { problems: [problem] })
}
