import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { json, startOAuthServer } from './support/oauth-server.ts'
import { startService } from './support/service.ts'

const planted = 'PLANTED-s3cr3t-0815'

test('no secret and no token reaches the log or the database file (DEST-054)', async () => {
  using folder = temporaryFolder()
  const service = await startService(`sqlite:${folder.path}/a.db`)
  const oauth = await startOAuthServer()
  oauth.answer = (call, reply) => json(reply, 400, { error_description: call.body.get('client_secret') })
  const user = await service.token({ user: 'jane' })
  const body = {
    Name: 'secret',
    Type: 'HTTP',
    URL: 'http://x.test',
    Authentication: 'OAuth2JWTBearer',
    clientId: 'c',
    clientSecret: planted,
    Password: planted,
    'tokenService.body.own': planted,
    tokenServiceURL: oauth.url,
  }
  for (const method of ['POST', 'POST', 'PUT']) await service.call(method, '/subaccountDestinations', { body })
  await service.call('POST', '/subaccountDestinations', { body: { ...body, Type: planted } })
  const found = await service.call('GET', `/destinations/secret?unknown=${planted}`, {
    headers: { 'x-user-token': user },
  })
  assert.equal(found.status, 200)
  assert.match(found.text, /failed due to: \*\*\*/)
  await service.call('GET', '/destinations/secret', { token: `${user.slice(0, -5)}AAAAA` })
  const files = readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name)))
  await service.close()
  await oauth.close()
  files.push(...readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name))))
  assert.ok(
    files.some((file) => file.includes('subaccount_id')),
    'the database was read',
  )
  for (const file of files) assert.ok(!file.includes(planted))
  const log = service.log.join('\n')
  assert.match(log, /destination\.token\.failed/)
  assert.match(log, /http\.request/)
  for (const secret of [planted, user, user.split('.')[2]!]) assert.ok(!log.includes(secret))
})
