import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { brokerCatalog } from '@landbridge/registry'
import { callJson, type JsonAnswer, onEveryDatabase } from '@landbridge/testkit'
import { brokerUserName } from '../../src/compose/cloud.ts'
import { brokerPassword, type HostileCloud, operatorSecret, startHostileCloud } from './cloud.ts'

const basic = `Basic ${Buffer.from(`${brokerUserName}:${brokerPassword}`).toString('base64')}`
const many = 16

function times<T>(make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: many }, (_, index) => make(index)))
}

/** Asserts that one call made the thing and all others heard that it is there. @returns what the one was told */
function oneWinner(answers: readonly JsonAnswer[], refused: readonly number[] = [409]): JsonAnswer {
  const won = answers.filter(({ status }) => status === 201)
  const shown = answers.map(({ status, text }) => `${status} ${text.slice(0, 200)}`).join('\n')
  assert.equal(won.length, 1, shown)
  assert.ok(
    answers.every(({ status }) => status === 201 || refused.includes(status)),
    shown,
  )
  return won[0] as JsonAnswer
}

await onEveryDatabase((newUrl) => {
  let scene: HostileCloud
  let token: string
  before(async () => {
    scene = await startHostileCloud(await newUrl())
    token = await scene.token('destination')
  })
  after(() => scene?.close())

  const operate = (method: string, path: string, body?: object) =>
    callJson({
      method,
      url: `${scene.cloud.connectivityService.url}${path}`,
      headers: path.startsWith('/v2/')
        ? { authorization: basic, 'x-broker-api-version': '2.17' }
        : { authorization: `Bearer ${operatorSecret}` },
      ca: scene.ca,
      ...(body === undefined ? {} : { body }),
    })
  const write = (method: string, path: string, body?: object) =>
    callJson({
      method,
      url: `${scene.cloud.destinationService.url}/destination-configuration/v1${path}`,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    })
  const common = { Type: 'HTTP', ProxyType: 'Internet', Authentication: 'NoAuthentication' }

  test('of destinations, fragments and certificates with one name that are made at once, one is there, whole', async () => {
    const made = await times((index) =>
      write('POST', '/subaccountDestinations', { ...common, Name: 'one', URL: `http://${index}.test`, by: `${index}` }),
    )
    oneWinner(made)
    const kept = (await write('GET', '/subaccountDestinations/one')).json
    assert.equal(made[Number(kept.by)]?.status, 201)
    assert.deepEqual(kept, { ...common, Name: 'one', URL: `http://${kept.by}.test`, by: kept.by })
    oneWinner(
      await times((index) => write('POST', '/instanceDestinationFragments', { FragmentName: 'f', a: `${index}` })),
    )
    const Content = Buffer.from(scene.ca).toString('base64')
    oneWinner(await times(() => write('POST', '/subaccountCertificates', { Name: 'c.pem', Content })))
    assert.deepEqual(scene.common.unexplained.splice(0), [])
  })

  test('of replacements and a removal at once, one replacement is left whole or nothing', async () => {
    const at = '/instanceDestinations'
    const version = (index: number) => ({ ...common, Name: 'two', URL: `http://${index}.test`, by: `${index}` })
    assert.equal((await write('POST', at, version(0))).status, 201)
    const mixed = await times((index) =>
      index % 4 === 3 ? write('DELETE', `${at}/two`) : write('PUT', at, version(index)),
    )
    assert.ok(
      mixed.every(({ status }) => status === 200 || status === 404),
      mixed.map(({ status }) => status).join(' '),
    )
    const left = await write('GET', `${at}/two`)
    if (left.status === 200) assert.deepEqual(left.json, version(Number(left.json.by)))
    else assert.equal(left.status, 404)
    assert.deepEqual(scene.common.unexplained.splice(0), [])
  })

  test('of subaccounts, users, instances and bindings with one name that are made at once, one is there', async () => {
    const { json } = oneWinner(await times(() => operate('POST', '/api/v1/subaccounts', { subdomain: 'same' })))
    const path = `/api/v1/subaccounts/${json.id}`
    const password = 'password of this user'
    oneWinner(await times(() => operate('POST', `${path}/users`, { userName: 'same@x.test', password })))
    const wish = { service: 'destination', name: 'same' }
    const instance = oneWinner(await times(() => operate('POST', `${path}/serviceInstances`, wish)))
    const bindings = `/api/v1/serviceInstances/${instance.json.id}/bindings`
    const binding = oneWinner(await times(() => operate('POST', bindings, { name: 'same' })))
    const [only, ...more] = (await operate('GET', bindings)).json
    assert.deepEqual([only.id, more], [binding.json.id, []])
    assert.deepEqual(scene.common.unexplained.splice(0), [])
  })

  test('a platform that orders, changes and returns one instance at once leaves it as one of the orders said, or gone', async () => {
    const { services } = brokerCatalog() as { services: { id: string; name: string; plans: { id: string }[] }[] }
    const service = services.find(({ name }) => name === 'destination')
    const ids = { service_id: service?.id ?? '', plan_id: service?.plans[0]?.id ?? '' }
    const path = `/v2/service_instances/${randomUUID()}`
    const context = { subaccount_id: scene.tenant.subaccountId, instance_name: 'ordered' }
    const order = (index: number) => ({ ...ids, context, parameters: { HTML5Runtime_enabled: index % 2 === 0 } })
    const ordered = await times((index) => operate('PUT', path, order(index)))
    const statuses = ordered.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 201).length, 1, ordered.map(({ text }) => text).join('\n'))
    assert.ok(
      statuses.every((status) => [200, 201, 409, 422].includes(status)),
      statuses.join(' '),
    )
    const mixed = await times((index) =>
      index % 2 === 0 ? operate('DELETE', `${path}?${new URLSearchParams(ids)}`) : operate('PUT', path, order(index)),
    )
    assert.ok(
      mixed.every(({ status }) => [200, 201, 409, 410, 422].includes(status)),
      mixed.map(({ status, text }) => `${status} ${text}`).join('\n'),
    )
    const left = await operate('GET', path)
    if (left.status === 200) assert.deepEqual(left.json.parameters, { HTML5Runtime_enabled: false })
    else assert.equal(left.status, 404)
    assert.deepEqual(scene.common.unexplained.splice(0), [])
  })

  test('a subaccount that goes while things are made in it takes all of them with it', async () => {
    const { json } = await operate('POST', '/api/v1/subaccounts', { subdomain: 'going' })
    const path = `/api/v1/subaccounts/${json.id}`
    const answers = await times((index) => {
      if (index === many / 2) return operate('DELETE', path)
      if (index % 2 === 0)
        return operate('POST', `${path}/users`, { userName: `u${index}@x.test`, password: 'password 1' })
      return operate('POST', `${path}/serviceInstances`, { service: 'connectivity', name: `i${index}` })
    })
    // The subaccount may still have something when its turn comes; then it stays, with all of that.
    const gone = answers[many / 2]?.status === 204
    assert.ok(
      answers.every(({ status }) => [201, 204, 404, 409].includes(status)),
      answers.map(({ status, text }) => `${status} ${text}`).join('\n'),
    )
    const rest = await scene.rowsOf(json.id)
    if (gone) assert.deepEqual(rest, [])
    else assert.equal((await operate('GET', path)).status, 200)
    assert.deepEqual(scene.common.unexplained.splice(0), [])
  })
})
