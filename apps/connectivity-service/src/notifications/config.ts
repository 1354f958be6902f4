import { secretSetting } from '@landbridge/config'
import { subjectPattern, templatePattern, templatePlaceholders } from '@landbridge/notifications'
import { type Static, Type } from '@sinclair/typebox'

const placeholders = templatePlaceholders.map((name) => `{{${name}}}`).join(', ')

function words(where: string) {
  return Type.String({
    default: '',
    maxLength: 5_000,
    pattern: templatePattern,
    'x-expected': `text of at most 5000 characters without other placeholders than ${placeholders}`,
    description: `What stands ${where} the facts of the certificate; an empty line begins a paragraph. Empty: the words of the platform.`,
  })
}

function template(event: string) {
  return Type.Object(
    {
      subject: Type.String({
        default: '',
        pattern: subjectPattern,
        'x-expected': 'one line of at most 200 characters',
        description:
          'Subject of the mail. Empty: the one of the platform, which the notification centre shows in any case.',
      }),
      intro: words('before'),
      advice: words('behind'),
    },
    { default: {}, additionalProperties: false, description: `Mails about certificates that ${event}.` },
  )
}

/** Configuration of notifications about certificates: where they go besides the notification centre. */
export const notificationsConfigSchema = Type.Object(
  {
    mail: Type.Object(
      {
        host: Type.String({
          default: '',
          description: 'SMTP server. Empty: mails wait, and are shown as pending, until a server is configured.',
        }),
        port: Type.Integer({ default: 587, minimum: 1, maximum: 65_535, description: 'Port of the SMTP server.' }),
        security: Type.Union([Type.Literal('starttls'), Type.Literal('tls'), Type.Literal('none')], {
          default: 'starttls',
          description:
            'How the connection is protected: `starttls` (required, not tried), `tls` from the first byte (usually port 465), or `none`, with which no password may be set.',
        }),
        ca: Type.Optional(
          Type.String({ description: "PEM of the authority of the server's certificate, besides the machine's." }),
        ),
        user: Type.Optional(Type.String({ minLength: 1, description: 'User at the SMTP server; with `password`.' })),
        password: Type.Optional(secretSetting({ description: 'Password at the SMTP server; with `user`.' })),
        from: Type.String({
          default: 'landbridge@localhost',
          pattern: '^[^\\s@<>"]+@[^\\s@<>"]+$',
          description: 'Address of the sender.',
        }),
        templates: Type.Object(
          {
            renewed: template('were renewed'),
            expiring: template('end soon'),
            expired: template('have ended'),
            'renewal-failed': template('could not be renewed'),
          },
          {
            default: {},
            additionalProperties: false,
            description: `Own words for mails, with the placeholders ${placeholders}. What they stand for is escaped.`,
          },
        ),
      },
      { default: {}, description: 'The SMTP server for mails to IT contacts and to subscribed key users.' },
    ),
    webhooks: Type.Object(
      {
        privateAddresses: Type.Union([Type.Literal('deny'), Type.Literal('allow')], {
          default: 'deny',
          description:
            'Whether alerts may go to private networks. Link-local networks and metadata services are never called.',
        }),
        allow: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            'Host names, addresses or networks (`10.1.0.0/16`) that alerts may go to although they are private.',
        }),
        timeoutMs: Type.Integer({
          default: 10_000,
          minimum: 100,
          maximum: 60_000,
          description: 'Milliseconds within which a receiver of alerts must answer.',
        }),
      },
      { default: {}, description: 'Alerts over HTTP.' },
    ),
    pollSeconds: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 3_600,
      description: 'Seconds between two looks for new events and for messages that are due.',
    }),
    giveUpHours: Type.Integer({
      default: 72,
      minimum: 1,
      maximum: 720,
      description: 'Hours after which a message that cannot be delivered has failed. An operator can retry it.',
    }),
    keepDays: Type.Integer({
      default: 400,
      minimum: 1,
      maximum: 3_650,
      description: 'Days for which tasks and finished deliveries are kept.',
    }),
  },
  { additionalProperties: false },
)

export type NotificationsConfig = Static<typeof notificationsConfigSchema>
