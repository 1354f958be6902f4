import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { loadConfig } from '@landbridge/config'
import { LocalCa } from '@landbridge/identity'
import { isPlatformError, ManualClock, Secret, systemClock } from '@landbridge/kernel'
import {
  freePort,
  headerOf,
  newDatabase,
  type ReceivedMail,
  startChild,
  startMailServer as startServer,
  temporaryFolder,
} from '@landbridge/testkit'
import { notificationsConfigSchema } from '../../src/index.ts'
import { newTenant, openReplica as openOne, type Replica, renewedEvent, until } from './landscape.ts'

const folder = temporaryFolder()
const postgres = await newDatabase()
/** What a test that fails leaves open. */
const closings: (() => Promise<unknown>)[] = []
after(async () => {
  for (const close of closings.reverse()) await close().catch(() => {})
  if ('url' in postgres) await postgres.stop()
  folder[Symbol.dispose]()
})
const startMailServer = async (settings: Parameters<typeof startServer>[0] = {}) => {
  const server = await startServer(settings)
  closings.push(() => server.kill())
  return server
}
const openReplica = async (...place: Parameters<typeof openOne>): Promise<Replica> => {
  const replica = await openOne(...place)
  closings.push(() => replica.close())
  return {
    ...replica,
    start(settings) {
      const job = replica.start(settings)
      closings.push(() => job.close())
      return job
    },
  }
}
let files = 0
const onDisk = () => `sqlite:${folder.path}/${++files}.db`
const sqlite = () => 'sqlite::memory:'

const plain = (port: number) => ({ mail: { host: '127.0.0.1', port, security: 'none' as const } })
const allAre = (state: string, count: number) => (deliveries: readonly { readonly state: string }[]) =>
  deliveries.filter((one) => one.state === state).length === count

async function addContact({ store }: Replica, subaccountId: string, email: string): Promise<void> {
  await store.insertContact({ id: `${subaccountId}-${email}`, subaccountId, name: 'IT', email })
}

/** Recipients and messages IDs that a server saw. */
function seen(mails: readonly ReceivedMail[]): readonly string[] {
  return mails.map((mail) => `${mail.to.join()} ${headerOf(mail, 'message-id')}`).sort()
}

test('a renewal is mailed to IT contacts and to key users who subscribed, with both fingerprints and the certificate (CERT-004, CERT-006)', async () => {
  const server = await startMailServer()
  const replica = await openReplica(sqlite(), systemClock)
  const tenant = await newTenant(replica)
  await addContact(replica, tenant.id, 'it@acme.test')
  await replica.store.putSubscription({ subaccountId: tenant.id, userId: tenant.destinations })
  const event = renewedEvent(tenant.id)
  await replica.record(event)
  const job = replica.start(plain(server.port))
  await until(replica, allAre('sent', 2))
  await server.whenReceived(2)
  const [first, second] = [...server.received].sort((a, b) => a.to.join().localeCompare(b.to.join()))
  assert.match(first?.to.join() ?? '', /^dest@/)
  assert.deepEqual(second?.to, ['it@acme.test'])
  assert.equal(headerOf(second!, 'subject'), 'Tenant Certificate has been renewed')
  assert.equal(headerOf(second!, 'auto-submitted'), 'auto-generated')
  const unfolded = second!.raw.replaceAll('=\r\n', '')
  for (const part of [event.certificate.fingerprint, event.previous!.fingerprint]) assert.ok(unfolded.includes(part))
  assert.match(second!.raw, /filename="?certificate-[0-9a-f]{16}\.pem/)
  assert.match(second!.raw, /Content-Type: text\/html/i)
  await job.close()
  await replica.close()
  await server.kill()
})

test('mail goes over STARTTLS or TLS with a password, and not at all where the server offers no encryption', async () => {
  const ca = await LocalCa.create({ subject: { CN: 'Mail CA' }, clock: systemClock })
  const { cert, key } = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const [certificateFile, keyFile] = [join(folder.path, 'mail.pem'), join(folder.path, 'mail.key')]
  writeFileSync(certificateFile, cert)
  writeFileSync(keyFile, key)
  const login = { user: 'landbridge', password: 'mail password' }
  for (const security of ['starttls', 'tls'] as const) {
    const server = await startMailServer({ security, certificateFile, keyFile, ...login })
    const replica = await openReplica(sqlite(), systemClock)
    const { id } = await newTenant(replica)
    await addContact(replica, id, 'it@acme.test')
    await replica.record(renewedEvent(id))
    const settings = { host: 'localhost', port: server.port, security, ca: ca.certificatePem, user: login.user }
    const job = replica.start({ mail: { ...settings, password: new Secret(login.password) } })
    await until(replica, allAre('sent', 1))
    await server.whenReceived(1)
    assert.deepEqual(
      server.received.map(({ secure, user }) => ({ secure, user })),
      [{ secure: true, user: login.user }],
    )
    await job.close()
    await replica.close()
    await server.kill()
  }
  const open = await startMailServer()
  const replica = await openReplica(sqlite(), systemClock)
  const { id } = await newTenant(replica)
  await addContact(replica, id, 'it@acme.test')
  await replica.record(renewedEvent(id))
  const job = replica.start({ mail: { host: 'localhost', port: open.port, security: 'starttls' } })
  const [waiting] = await until(replica, (all) => (all[0]?.attempts ?? 0) > 0)
  assert.equal(waiting?.state, 'pending')
  assert.deepEqual(open.received, [])
  await job.close()
  await replica.close()
  await open.kill()
})

test('a password is never sent in clear: such a configuration is refused', async () => {
  const replica = await openReplica(sqlite(), systemClock)
  const mail = { host: 'localhost', security: 'none' as const, user: 'u', password: new Secret('p') }
  assert.throws(() => replica.start({ mail }), /CONFIG_INVALID/)
  await replica.close()
})

for (const name of ['SQLite', 'PostgreSQL'] as const)
  describe(name, { skip: name === 'PostgreSQL' && 'unavailable' in postgres ? postgres.unavailable : false }, () => {
    const url = name === 'SQLite' ? sqlite() : 'url' in postgres ? postgres.url : ''

    test('a mail server that is dead for an hour loses nothing: two replicas with restarts deliver each mail once (CERT-004)', async () => {
      const clock = new ManualClock(Date.UTC(2027, 0, 1))
      const dead = await startMailServer({ port: await freePort() })
      await dead.kill()
      const first = await openReplica(url, clock)
      const second = name === 'SQLite' ? first : await openReplica(url, clock)
      const { id } = await newTenant(first)
      await addContact(first, id, 'it@acme.test')
      await addContact(first, id, 'office@acme.test')
      const events = Array.from({ length: 15 }, (_, at) => renewedEvent(id, `c${at}`))
      for (const event of events) await first.record(event)

      let jobs = [first.start(plain(dead.port)), second.start(plain(dead.port))]
      // Time stands still while a replica is at work: no attempt outlives its lease.
      const looked = () => Promise.all(jobs.map((job) => job.look()))
      await looked()
      for (let minute = 0; minute < 60; minute += 5) {
        // Both replicas are restarted half-way.
        if (minute === 30) {
          for (const job of jobs) await job.close()
          jobs = [first.start(plain(dead.port)), second.start(plain(dead.port))]
        }
        clock.advance(300_000)
        await looked()
      }
      const waiting = await first.store.listDeliveries({ limit: 100 })
      assert.equal(waiting.length, 30)
      assert.ok(waiting.every(({ state }) => state === 'pending'))
      assert.match(waiting.find(({ problem }) => problem !== undefined)?.problem ?? '', /cannot be reached/)

      const server = await startMailServer({ port: dead.port })
      for (let looks = 0; !allAre('sent', 30)(await first.store.listDeliveries({ limit: 100 })); looks++) {
        assert.ok(looks < 500, 'not everything was sent')
        clock.advance(60_000)
        await looked()
      }
      for (const job of jobs) await job.close()
      await server.kill()
      assert.equal(new Set(seen(server.received)).size, 30)
      assert.equal(server.received.length, 30)
      await first.close()
      if (second !== first) await second.close()
    })
  })

test('killed between sending and recording, the mail is sent again under the same message ID; the task exists once (CERT-003, CERT-004)', async () => {
  const server = await startMailServer()
  const url = onDisk()
  const setup = await openReplica(url, systemClock)
  const tenant = await newTenant(setup)
  await addContact(setup, tenant.id, 'hold@acme.test')
  await setup.record(renewedEvent(tenant.id))
  await setup.close()

  const script = join(import.meta.dirname, 'notifying-process.ts')
  const child = startChild(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    script,
    url,
    String(server.port),
  ])
  await server.whenReceived(1)
  child.kill('SIGKILL')
  await once(child, 'exit')

  // The lease of the dead process ends; then another process tries.
  const clock = new ManualClock(Date.now() + 10 * 60_000)
  const replica = await openReplica(url, clock)
  const [left] = await replica.store.listDeliveries({ limit: 10 })
  assert.deepEqual({ state: left?.state, attempts: left?.attempts }, { state: 'pending', attempts: 0 })
  const job = replica.start(plain(server.port))
  await server.whenReceived(2)
  const [first, second] = server.received
  assert.equal(headerOf(first!, 'message-id'), headerOf(second!, 'message-id'))
  assert.equal((await replica.store.listNotifications({ limit: 10 })).length, 2) // one for each key user
  await server.kill()
  await job.close()
  await replica.close()
})

test('a mailbox that does not exist fails for good, one that is busy is tried again, and an operator can retry (CERT-004)', async () => {
  const server = await startMailServer()
  const clock = new ManualClock()
  const replica = await openReplica(sqlite(), clock)
  const { id } = await newTenant(replica)
  await addContact(replica, id, 'refused@acme.test')
  await addContact(replica, id, 'later@acme.test')
  await replica.record(renewedEvent(id))
  const job = replica.start({ ...plain(server.port), giveUpHours: 2 })
  const deliveries = await until(replica, (all) => all.length === 2 && all.every(({ attempts }) => attempts === 1))
  const of = (address: string) => deliveries.find(({ recipient }) => recipient === address)
  assert.equal(of('refused@acme.test')?.state, 'failed')
  assert.match(of('refused@acme.test')?.problem ?? '', /550/)
  assert.equal(of('later@acme.test')?.state, 'pending')
  assert.match(of('later@acme.test')?.problem ?? '', /451/)
  assert.ok(await replica.store.retry(of('refused@acme.test')!.id, clock.now()))
  assert.ok(!(await replica.store.retry(of('later@acme.test')!.id, clock.now())))
  clock.advance(3 * 3_600_000)
  await until(replica, (all) => all.every(({ state }) => state === 'failed'))
  await job.close()
  await replica.close()
  await server.kill()
})

test('a template with a placeholder that does not exist is told with file, key, what is expected and what was found; a good one is what the server gets (CERT-004)', async () => {
  const file = join(folder.path, 'templates.yaml')
  const load = (intro: string) => {
    const templates = { renewed: { subject: 'Zertifikat erneuert', intro } }
    writeFileSync(file, JSON.stringify({ mail: { templates } }))
    return loadConfig(notificationsConfigSchema, { environment: {}, file })
  }
  assert.throws(
    () => load('Hallo {{nme}}'),
    (thrown) =>
      isPlatformError(thrown, 'CONFIG_INVALID') &&
      /templates\.yaml.*: mail\.templates\.renewed\.intro: expected text .* than \{\{name\}\}, .*, found "Hallo \{\{nme\}\}"/.test(
        JSON.stringify(thrown.facts.problems).replaceAll('\\"', '"'),
      ),
  )
  const { templates } = load('Erneuert: {{name}}').mail
  const server = await startMailServer()
  const replica = await openReplica(sqlite(), systemClock)
  const tenant = await newTenant(replica)
  await addContact(replica, tenant.id, 'it@acme.test')
  await replica.record(renewedEvent(tenant.id))
  const job = replica.start({ mail: { ...plain(server.port).mail, templates } })
  await until(replica, allAre('sent', 1))
  await server.whenReceived(1)
  const [mail] = server.received
  assert.equal(headerOf(mail!, 'subject'), 'Zertifikat erneuert')
  assert.match(mail!.raw, /Erneuert: erp/)
  const [task] = await replica.store.listNotifications({ subaccountId: tenant.id, limit: 1 })
  assert.equal(task?.subject, 'Tenant Certificate has been renewed')
  await job.close()
  await replica.close()
  await server.kill()
})
