import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rsaWithChain, temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, regionHost, startFakeRegion } from './fake-region.ts'
import { portOf } from './pair-scene.ts'
import {
  type Answer,
  type Call,
  configuration,
  form,
  id,
  type RunningConnector,
  restartLog,
  startConnector,
  type testConfig,
} from './running-connector.ts'
import { until } from './scene.ts'

const c = `${configuration}/connector`
const password = 'Sample-1'

/** As the sample programs send: without JSON content type for texts, closing each connection, any certificate. */
async function send(connector: RunningConnector, method: string, at: string, call: Call = {}): Promise<Answer> {
  const path = at.startsWith('https:') ? new URL(at).pathname : at
  const headers = { connection: 'close', accept: 'application/json', ...call.headers }
  const answer = await connector.call(method, path, { password, insecure: true, ...call, headers })
  assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
  return answer
}

const text = (body: string): Call => ({ body, headers: { 'content-type': 'text/plain; charset=UTF-8' } })

async function firstConfiguration(connector: RunningConnector, role: 'master' | 'shadow'): Promise<void> {
  const change = JSON.stringify({ oldPassword: 'manage', newPassword: password })
  await send(connector, 'PUT', `${c}/authentication/basic`, { ...text(change), password: 'manage' })
  await send(connector, 'PUT', `${c}/haRole`, text(role))
}

/** Follows the addresses that answers name, as the sample does. */
async function addMapping(connector: RunningConnector, links: string, mapping: object, resource: object) {
  const created = await send(connector, 'POST', links, { json: mapping })
  assert.equal(created.status, 201)
  const { json } = await send(connector, 'GET', String(created.headers.location))
  const added = await send(connector, 'POST', json._links.resources.href, { json: resource })
  return (await send(connector, 'GET', String(added.headers.location))).json
}

test('the sample programs of the guide run from the first password to the registration file (API2-159, API2-164, API2-168, API2-169, API2-171)', async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const region = await startFakeRegion()
  const log = restartLog()
  // A new installation: nobody has declared a password or a role.
  const fresh = { haRole: 'undefined', initialPassword: undefined } as unknown as Partial<typeof testConfig>
  const master = await startConnector(folder.path, region, fresh, log.log)
  const shadow = await startConnector(other.path, region, fresh)

  // Initial configuration.
  await firstConfiguration(master, 'master')
  const common = await send(master, 'PUT', c, text(JSON.stringify({ description: 'sample' })))
  assert.equal(common.json.description, 'sample')
  const parts = { password: 'secret', keyPassword: 'secret', pkcs12: rsaWithChain }
  await send(master, 'PUT', `${c}/ui/uiCertificate`, form(parts))
  await send(master, 'PUT', `${c}/onPremise/systemCertificate`, form(parts))

  // Subaccount.
  const wanted = { regionHost, subaccount: id, cloudUser, cloudPassword, displayName: 'Sample', locationId: 'loc' }
  const added = await send(master, 'POST', `${configuration}/subaccounts`, { json: wanted })
  assert.ok(added.status === 201 && added.headers.location !== undefined)
  const { validity, systemMappings } = added.json._links
  const renewed = await send(master, 'POST', validity.href, { json: { cloudUser, cloudPassword } })
  assert.equal(renewed.json.tunnel.state, 'Connected')
  const http = {
    ...{ virtualHost: 'vhost', virtualPort: '443', localHost: 'lhost', localPort: '443', protocol: 'HTTPS' },
    ...{ backendType: 'abapSys', hostInHeader: 'INTERNAL', authenticationMode: 'NONE', description: '', _links: {} },
  }
  const slash = { id: '/', enabled: true, exactMatchOnly: false, webSocketUpgradeAllowed: true, description: '' }
  assert.equal((await addMapping(master, systemMappings.href, http, slash)).enabled, true)
  const rfc = {
    ...{ virtualHost: 'vrfc', virtualPort: 'sapgw42', localHost: 'lrfc', localPort: 'sapgw42', protocol: 'RFCS' },
    ...{ backendType: 'abapSys', authenticationMode: 'NONE', description: '', _links: {} },
  }
  const info = { id: 'RFC_SYSTEM_INFO', enabled: true, exactMatchOnly: true, description: '' }
  assert.equal((await addMapping(master, systemMappings.href, rfc, info)).exactMatchOnly, true)

  // High availability.
  await firstConfiguration(shadow, 'shadow')
  await send(master, 'PUT', `${c}/ha/master/config`, { json: { haEnabled: 'true', allowedShadowHost: 'localhost' } })
  const found = (await send(shadow, 'GET', `${c}/ha/shadow/config`)).json
  const edited = { ...found, masterHost: '127.0.0.1', masterPort: String(portOf(master)), ownHost: '127.0.0.1' }
  const kept = (await send(shadow, 'PUT', `${c}/ha/shadow/config`, { json: edited })).json
  assert.deepEqual([kept.masterHost, kept.masterPort], ['127.0.0.1', String(portOf(master))])
  await send(shadow, 'POST', `${c}/ha/shadow/state`, { json: { op: 'CONNECT', user: 'Administrator', password } })
  const mappings = `${configuration}/subaccounts/${regionHost}/${id}/systemMappings`
  assert.equal((await send(shadow, 'GET', mappings)).json.length, 2)
  assert.equal((await send(shadow, 'GET', c)).json.description, 'sample')

  // Backup.
  const archive = await send(master, 'POST', `${configuration}/backup`, { json: { password: 'b' } })
  await send(master, 'DELETE', mappings)
  const restore = form({ password: 'b', backup: Buffer.from(archive.text, 'latin1') })
  await send(master, 'PUT', `${configuration}/backup`, restore)
  await log.restarted()
  assert.equal((await send(master, 'GET', mappings)).json.length, 2)

  // Solution management.
  const solution = `${c}/solutionManagement`
  const onShadow = async () => (await send(shadow, 'GET', solution)).json
  assert.deepEqual(Object.keys((await send(master, 'GET', solution)).json).sort(), [
    ...['dsrEnabled', 'enabled', 'hostAgentPath', 'isEnabled'],
  ])
  await send(shadow, 'POST', solution, { json: { hostAgentPath: '/usr/sap/hostctrl' } })
  assert.equal((await onShadow()).isEnabled, false)
  const follows = async (isEnabled: boolean): Promise<void> => {
    while ((await onShadow()).isEnabled !== isEnabled) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await send(master, 'POST', solution, { json: {} })
  await follows(true)
  assert.equal((await onShadow()).hostAgentPath, '/usr/sap/hostctrl')
  await send(master, 'DELETE', solution)
  await follows(false)
  const file = await send(master, 'GET', `${solution}/registrationFile`)
  assert.ok(file.headers['content-type'] === 'application/zip' && file.text.startsWith('PK'))

  await until(() => (region.controls.length > 0 ? true : undefined))
  await shadow.close()
  await master.close()
  await region.close()
})
