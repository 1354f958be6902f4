import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

/** How the server is to behave: JSON, the first argument. */
export interface MailServerSettings {
  readonly port: number
  readonly security: 'none' | 'starttls' | 'tls'
  readonly certificateFile?: string
  readonly keyFile?: string
  readonly user?: string
  readonly password?: string
}

const settings = JSON.parse(process.argv[2] ?? '{}') as MailServerSettings
const { security, user, password } = settings

/**
 * A mail server for tests, in a process of its own: prints `ready <port>` and every mail that it accepted as a line of
 * JSON. Mail for `refused@` is refused for good, for `later@` for now; mail for `hold@` is accepted, but the answer to
 * that never comes.
 */
const server = new SMTPServer({
  secure: security === 'tls',
  ...(settings.certificateFile === undefined ? {} : { cert: readFileSync(settings.certificateFile) }),
  ...(settings.keyFile === undefined ? {} : { key: readFileSync(settings.keyFile) }),
  hideSTARTTLS: security !== 'starttls',
  authOptional: user === undefined,
  disableReverseLookup: true,
  onAuth(given, _session, done) {
    if (given.username === user && given.password === password) done(null, { user: given.username })
    else done(new Error('535 wrong'))
  },
  onRcptTo({ address }, _session, done) {
    if (address.startsWith('refused@')) done(refusal(550, 'no such mailbox'))
    else if (address.startsWith('later@')) done(refusal(451, 'try again later'))
    else done()
  },
  onData(stream, session, done) {
    text(stream).then(
      (raw) => {
        const to = session.envelope.rcptTo.map(({ address }) => address)
        const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address
        const mail = { from, to, raw, secure: session.secure, user: session.user ?? '' }
        process.stdout.write(`${JSON.stringify(mail)}\n`)
        if (!to.some((address) => address.startsWith('hold@'))) done()
      },
      (failure: Error) => done(failure),
    )
  },
})

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

server.on('error', () => {}) // clients that go away in the middle
server.listen(settings.port, '127.0.0.1', () => {
  const address = server.server.address()
  process.stdout.write(`ready ${typeof address === 'object' ? address?.port : ''}\n`)
})
