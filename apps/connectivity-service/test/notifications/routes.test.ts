import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTenant, startPlatform } from '../platform.ts'

test('IT contacts, subscriptions and webhooks are kept per subaccount; hostile input is refused (CERT-004)', async () => {
  const platform = await startPlatform()
  const { subaccount } = await newTenant(platform)
  const path = `/api/v1/subaccounts/${subaccount.id}`
  const { operator } = platform
  const contact = await operator({ path: `${path}/itContacts`, body: { email: 'it@acme.test' } })
  assert.equal(contact.status, 201)
  assert.equal((await operator({ path: `${path}/itContacts`, body: { email: 'IT@acme.test' } })).status, 409)
  for (const email of ['it@acme.test\r\nBcc: x@y.test', 'a@b.test,c@d.test', 'none'])
    assert.equal((await operator({ path: `${path}/itContacts`, body: { email } })).status, 400)
  const [user] = await platform.service.users.listUsers(subaccount.id)
  const subscription = { path: `${path}/notificationSubscriptions/${user?.id}` }
  assert.equal((await operator({ ...subscription, method: 'PUT' })).status, 200)
  const other = await newTenant(platform)
  const foreign = { path: `/api/v1/subaccounts/${other.subaccount.id}/notificationSubscriptions/${user?.id}` }
  assert.equal((await operator({ ...foreign, method: 'PUT' })).status, 404)
  for (const url of ['ftp://a.test/', 'https://u:p@a.test/', 'nonsense'])
    assert.equal((await operator({ path: `${path}/webhooks`, body: { url } })).status, 400)
  const webhook = await operator({ path: `${path}/webhooks`, body: { url: 'https://alerts.acme.test/' } })
  assert.equal(webhook.status, 201)
  assert.ok(String(webhook.json.secret).length >= 32)
  assert.ok(!(await operator({ path: `${path}/webhooks` })).text.includes('secret'))
  assert.equal((await operator({ path: '/api/v1/notifications/unknown' })).status, 404)
  assert.equal((await operator({ path: '/api/v1/notifications/deliveries?state=nonsense' })).status, 400)
  assert.equal((await platform.region({ path: '/api/v1/notifications' })).status, 401)
  await platform.close()
})
