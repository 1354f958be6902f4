import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '@landbridge/kernel'
import { anyCharacter } from '@landbridge/testkit'
import fc from '@landbridge/testkit/properties'
import {
  type CertificateNews,
  composeAlert,
  composeMail,
  composeMessage,
  type Delivery,
  isMailAddress,
  isSignedAlert,
  newsKinds,
  signAlert,
  subjectOf,
  subjectPattern,
  templatePattern,
} from '../src/index.ts'

const certificate = {
  name: 'erp',
  kind: 'tenant-client',
  fingerprint: 'ab'.repeat(32),
  subject: 'CN=erp',
  notBeforeMs: Date.UTC(2027, 0, 1),
  notAfterMs: Date.UTC(2028, 0, 1),
  pem: '-----BEGIN CERTIFICATE-----\n',
}
const news: CertificateNews = {
  id: 'renewed:1',
  kind: 'renewed',
  subaccountId: 'sub',
  certificate,
  previous: { ...certificate, fingerprint: 'cd'.repeat(32), notAfterMs: Date.UTC(2027, 1, 1) },
  renewer: 'platform',
  atMs: Date.UTC(2027, 0, 1),
}
const delivery: Delivery = {
  id: '0'.repeat(32),
  eventId: news.id,
  subaccountId: 'sub',
  channel: 'mail',
  recipient: 'it@acme.test',
  subject: '',
  state: 'pending',
  attempts: 0,
  nextAttemptMs: 0,
  createdAtMs: 0,
}

test('the subjects of renewal and announcement are word for word those of the catalogue (CERT-003)', () => {
  assert.equal(subjectOf(news), 'Tenant Certificate has been renewed')
  assert.equal(subjectOf({ ...news, kind: 'expiring' }), 'Tenant Certificate is going to expire soon')
})

test('a message of a renewal has both fingerprints in both forms, the mail the new certificate (CERT-003, CERT-006)', () => {
  const { text, html } = composeMessage(news)
  for (const form of [text, html])
    for (const { fingerprint } of [certificate, news.previous!]) assert.ok(form.includes(fingerprint))
  const { attachment } = composeMail(delivery, news, 'acme.test')
  assert.deepEqual(attachment, { fileName: `certificate-${'ab'.repeat(8)}.pem`, content: certificate.pem })
})

test('an announcement says that the next run renews the certificate, or who else has to (CERT-002)', () => {
  const announce = (renewer: CertificateNews['renewer']) => composeMessage({ ...news, kind: 'expiring', renewer }).text
  assert.match(announce('platform'), /renewed in the next run/)
  assert.match(announce('connector'), /Cloud Connector/)
  assert.match(announce('user'), /upload a new one/)
})

test('whatever a certificate calls itself, the subject is a constant and the text tells nothing on lines of its own', () => {
  const hostile = fc.oneof(
    fc.string({ unit: anyCharacter(fc) }),
    fc.constantFrom('a\r\nBcc: all@example.test', '<script>alert(1)</script>', 'x\u2028y\u202ez', '{{reason}}'),
  )
  fc.assert(
    fc.property(hostile, hostile, hostile, fc.constantFrom(...newsKinds), (name, subject, reason, kind) => {
      const plain = composeMessage({ ...news, kind })
      const message = composeMessage({ ...news, kind, reason, certificate: { ...certificate, name, subject } })
      assert.equal(message.subject, plain.subject)
      assert.equal(message.text.split('\n').length, plain.text.split('\n').length)
      assert.ok(!message.html.includes('<script'))
      assert.equal(message.html.match(/</g)?.length, plain.html.match(/</g)?.length)
    }),
  )
})

test('an address that could end a header or add a recipient is none', () => {
  for (const good of ['it@acme.test', "o'neill+certs@mail.acme.example", 'a@localhost']) assert.ok(isMailAddress(good))
  for (const bad of [
    'a@b.test\r\nBcc: c@d.test',
    'a@b.test,c@d.test',
    '"a b"@c.test',
    'a@b.test>',
    'a@b@c.test',
    'a@-.test\n',
    'ü@acme.test',
    `${'a'.repeat(65)}@acme.test`,
    '',
  ])
    assert.ok(!isMailAddress(bad), bad)
  fc.assert(fc.property(fc.string(), (text) => !isMailAddress(text) || /^[!-~]+@[!-~]+$/.test(text)))
})

test('an alert is the same at every attempt, and its signature fits this body, this secret and this time only', () => {
  const secret = new Secret('a secret of sixteen')
  const body = composeAlert(delivery, news)
  assert.equal(body, composeAlert(delivery, news))
  const now = Date.UTC(2027, 0, 1)
  const header = signAlert(secret, body, now)
  assert.ok(isSignedAlert(secret, body, header, now + 60_000))
  assert.ok(!isSignedAlert(secret, `${body} `, header, now))
  assert.ok(!isSignedAlert(new Secret('another'), body, header, now))
  assert.ok(!isSignedAlert(secret, body, header, now + 301_000))
  assert.ok(!isSignedAlert(secret, body, header.replace('t=1', 't=2'), now))
  assert.ok(!isSignedAlert(secret, body, '', now))
})

test('mails say what the operator wrote, with the values of the certificate escaped and on one line; what is left empty stays ours (CERT-003, CERT-004)', () => {
  const own = {
    renewed: {
      subject: 'Zertifikat erneuert',
      intro: 'Das Zertifikat <{{name}}> gilt bis {{notAfter}}.\n\nVorher: {{previousFingerprint}}',
      advice: 'Fragen? <it@acme.test>\n{{fingerprint}}',
    },
    expired: { subject: '', intro: '', advice: 'Nur das hier.' },
  }
  const hostile = { ...news, certificate: { ...certificate, name: '<b>x</b>\nBcc: {{fingerprint}}' } }
  const mail = composeMail(delivery, hostile, 'acme.test', own)
  assert.equal(mail.subject, 'Zertifikat erneuert')
  assert.match(
    mail.text,
    /^Das Zertifikat <<b>x<\/b> Bcc: \{\{fingerprint\}\}> gilt bis 2028-01-01\.\n\nVorher: (cd){32}\n/,
  )
  assert.match(mail.html, /<p>Das Zertifikat &lt;&lt;b&gt;x&lt;\/b&gt; Bcc: /)
  assert.match(mail.html, /<p>Vorher: (cd){32}<\/p>/)
  assert.match(mail.html, /<p>Fragen\? &lt;it@acme\.test&gt;<br>(ab){32}<\/p>/)
  assert.ok(!mail.html.includes('<b>'))
  const expired = composeMail(delivery, { ...news, kind: 'expired' }, 'acme.test', own)
  assert.equal(expired.subject, 'Tenant Certificate has expired')
  assert.match(expired.text, /^The certificate "erp" expired on 2028-01-01/)
  assert.match(expired.text, /\n\nNur das hier\.\n/)
  assert.equal(
    composeMail(delivery, { ...news, kind: 'expiring' }, 'acme.test', own).subject,
    'Tenant Certificate is going to expire soon',
  )
})

test('templates are refused for placeholders that do not exist, subjects for lines of their own', () => {
  const fits = (pattern: string, text: string) => new RegExp(pattern, 'u').test(text)
  for (const good of ['', 'a { b } c', 'line\n\nline', '{{name}}{{who}}', 'ü 🙂 {x}'])
    assert.ok(fits(templatePattern, good), good)
  for (const bad of ['{{nam}}', '{{ name }}', '{{', 'x}}', '{{name}', '{{{name}}}', '{{constructor}}'])
    assert.ok(!fits(templatePattern, bad), bad)
  assert.ok(fits(subjectPattern, 'Zertifikat erneuert – bitte prüfen'))
  for (const bad of ['a\nBcc: x', 'a\r', 'x'.repeat(201), 'a\u202eb']) assert.ok(!fits(subjectPattern, bad))
})
