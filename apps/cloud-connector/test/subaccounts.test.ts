import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { ConnectorSettings } from '@landbridge/connector'
import { LocalCa } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { ConnectorStore } from '@landbridge/store'
import { temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import {
  configuration,
  id,
  openConnectorStore,
  type RunningConnector,
  startConnector,
  subaccountPath,
} from './running-connector.ts'
import { until } from './scene.ts'

const collection = `${configuration}/subaccounts`
const wanted = {
  regionHost,
  subaccount: id,
  cloudUser,
  cloudPassword,
  description: 'demo',
  displayName: '',
  locationID: '',
}

/** Everything in a value, however deep. */
function* valuesIn(value: unknown): Generator<unknown> {
  yield value
  if (typeof value !== 'object' || value === null || value instanceof Secret) return
  for (const member of value instanceof Map ? value.values() : Object.values(value)) yield* valuesIn(member)
}

describe('subaccounts', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region)
  })
  beforeEach(async () => {
    region.refuse = false
    region.foreignCertificate = undefined
    for (const item of (await connector.call('GET', collection)).json)
      await connector.call('DELETE', `${collection}/${item.regionHost}/${item.subaccount}`)
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  test('adding one answers 201 with the whole recorded object, connected (RC-131, RC-132, RC-133, RC-134, API1-184, SCC-050, SCC-058)', async () => {
    const added = await connector.call('POST', collection, { json: wanted })
    assert.equal(added.status, 201)
    assert.equal(added.headers.location, `${connector.app.url}${subaccountPath}`)
    const { tunnel, _links, ...rest } = added.json
    assert.deepEqual(rest, {
      description: 'demo',
      displayName: id,
      autoCertRenewal: false,
      isManaged: false,
      regionHost,
      subaccount: id,
      locationID: '',
    })
    assert.deepEqual(Object.keys(added.json), [
      ...['description', 'displayName', 'autoCertRenewal', 'tunnel', 'isManaged', '_links'],
      ...['regionHost', 'subaccount', 'locationID'],
    ])
    assert.deepEqual(Object.keys(tunnel), [
      ...['state', 'connectedSinceTimeStamp', 'connections', 'applicationConnections', 'serviceChannels'],
      ...['subaccountCertificate', 'user'],
    ])
    assert.equal(tunnel.state, 'Connected')
    assert.equal(typeof tunnel.connectedSinceTimeStamp, 'number')
    assert.ok(tunnel.connectedSinceTimeStamp > 1_700_000_000_000)
    assert.deepEqual(tunnel.applicationConnections, [])
    assert.deepEqual(tunnel.serviceChannels, [])
    assert.equal(tunnel.user, cloudUser)
    assert.deepEqual(Object.keys(_links), [
      ...['ABAPCloud-channels', 'HANA-channels', 'systemMappings', 'self', 'K8S-channels', 'validity', 'state'],
      ...['VirtualMachine-channels', 'domainMappings'],
    ])
    assert.equal(_links.self.href, `${connector.app.url}${subaccountPath}`)
  })

  test('the certificate is described as clients parse it (RC-159, API1-209, SCC-100)', async () => {
    const added = await connector.call('POST', collection, { json: wanted })
    const { subaccountCertificate: certificate } = added.json.tunnel
    assert.match(certificate.subjectDN, new RegExp(`^CN=${id},L=${regionHost},OU=[0-9a-f-]{36},O=Landbridge$`))
    assert.equal(certificate.issuer, 'CN=Region CA,O=Test')
    assert.match(certificate.serialNumber, /^[0-9a-f]{2}(:[0-9a-f]{2})+$/)
    assert.equal(certificate.notAfterTimeStamp % 1000, 0)
    assert.ok(certificate.notAfterTimeStamp > certificate.notBeforeTimeStamp)
  })

  test('the private key stays here: the region gets a signing request and the pairing user is not in it, whom the subaccount shows (SCC-059, SCC-061)', async () => {
    region.asked.length = 0
    await connector.call('POST', collection, { json: { ...wanted, locationID: 'loc-1' } })
    const [download, signing] = region.asked
    assert.equal(download?.url, `/api/v1/subaccounts/${id}/configuration`)
    assert.equal(download?.host, `connectivitynotification.${regionHost}`)
    assert.equal(signing?.host, `connectivitycertsigning.${regionHost}`)
    const body = JSON.parse(signing?.body ?? '{}')
    assert.deepEqual(Object.keys(body), ['csr', 'locationId', 'connectorId', 'description'])
    assert.match(body.csr, /^-----BEGIN CERTIFICATE REQUEST-----/)
    assert.equal(body.locationId, 'loc-1')
    assert.equal(signing?.body.includes('PRIVATE'), false)
    assert.equal(signing?.body.includes(cloudUser), false)
  })

  test('the password of the cloud user is nowhere in answers, audit and what is kept (SCC-062, API1-035, API1-191, API1-281)', async () => {
    const added = await connector.call('POST', collection, { json: wanted })
    const audit = await connector.call('GET', '/api/v1/landbridge/audit')
    assert.equal(`${added.text}${audit.text}`.includes(cloudPassword), false)
    assert.match(audit.text, /"category":"Configuration","action":"create","object":"7f0c/)
    // Nor is it kept, sealed or not: the private key is the only secret of the subaccount.
    const kept: string[] = []
    const store = await openConnectorStore(folder.path)
    const { current } = await ConnectorStore.open(store, {} as ConnectorSettings)
    await store.close()
    for (const value of valuesIn(current.subaccounts))
      if (value instanceof Secret) kept.push(value.reveal())
      else if (typeof value === 'string') kept.push(value)
    assert.ok(kept.includes(cloudUser) && kept.some((text) => text.includes('PRIVATE KEY')))
    assert.deepEqual(
      kept.filter((text) => text.includes(cloudPassword)),
      [],
    )
  })

  test('a list shows exactly four members per subaccount (RC-139)', async () => {
    assert.deepEqual((await connector.call('GET', collection)).json, [])
    await connector.call('POST', collection, { json: wanted })
    const [item] = (await connector.call('GET', collection)).json
    assert.deepEqual(Object.keys(item), ['_links', 'regionHost', 'subaccount', 'locationID'])
  })

  test('adding it twice is a conflict and the first stays (SCC-063, API1-186)', async () => {
    await connector.call('POST', collection, { json: wanted })
    const again = await connector.call('POST', collection, { json: wanted })
    assert.equal(again.status, 409)
    assert.equal(again.json.type, 'INVALID_CONFIGURATION')
    assert.equal((await connector.call('GET', subaccountPath)).status, 200)
  })

  test('an ID in capitals is the same subaccount, also to the cloud: it is not paired a second time (API1-186)', async () => {
    const capitals = { ...wanted, subaccount: wanted.subaccount.toUpperCase() }
    assert.notEqual(capitals.subaccount, wanted.subaccount)
    await connector.call('POST', collection, { json: capitals })
    const again = await connector.call('POST', collection, { json: wanted })
    assert.deepEqual([again.status, again.json.type], [409, 'INVALID_CONFIGURATION'])
    // It is shown as it was written, as clients compare it, and found in either way.
    const { subaccount, tunnel } = (await connector.call('GET', subaccountPath)).json
    assert.deepEqual([subaccount, tunnel.state], [capitals.subaccount, 'Connected'])
  })

  test('two requests at once for the same subaccount pair it once (API1-186)', async () => {
    const answers = await Promise.all([0, 1].map(() => connector.call('POST', collection, { json: wanted })))
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409])
  })

  test('wrong credentials, an unknown subaccount and missing values store nothing (API1-185, API1-187, SCC-052)', async () => {
    for (const change of [
      { cloudPassword: 'wrong' },
      { subaccount: 'unknown-one' },
      { cloudUser: undefined },
      { cloudPassword: '' },
      { regionHost: '' },
      { regionHost: 'a/b' },
      { subaccount: undefined },
      { locationID: 'not usable' },
      { tunnelConnections: 99 },
    ]) {
      const refused = await connector.call('POST', collection, { json: { ...wanted, ...change } })
      assert.equal(refused.status, 400, JSON.stringify(change))
      assert.equal(refused.json.type, 'INVALID_REQUEST')
      assert.equal(refused.text.includes(cloudPassword), false)
    }
    assert.deepEqual((await connector.call('GET', collection)).json, [])
  })

  test('a region that cannot be reached or trusted is a runtime failure and stores nothing (RFC-181)', async () => {
    using elsewhere = temporaryFolder()
    const other = await LocalCa.create({ subject: { CN: 'Other' } })
    const untrusting = await startConnector(elsewhere.path, region, {
      regions: {
        [regionHost]: { address: '127.0.0.1', port: region.port, ca: other.certificatePem },
        'gone.example.test': { address: '127.0.0.1', port: 1 },
      },
    })
    const untrusted = await untrusting.call('POST', collection, { json: wanted })
    assert.equal(untrusted.status, 500)
    assert.equal(untrusted.json.type, 'RUNTIME_FAILURE')
    assert.match(untrusted.json.message, /does not trust/)
    const gone = await untrusting.call('POST', collection, { json: { ...wanted, regionHost: 'gone.example.test' } })
    assert.equal(gone.status, 500)
    assert.match(gone.json.message, /cannot be reached .*ECONNREFUSED/)
    assert.deepEqual((await untrusting.call('GET', collection)).json, [])
    await untrusting.close()
  })

  test('a certificate for another key is not taken', async () => {
    region.foreignCertificate = (await region.ca.issueClient({ subject: { CN: id }, days: 1 })).cert
    const refused = await connector.call('POST', collection, { json: wanted })
    assert.equal(refused.status, 500)
    assert.match(refused.json.message, /for another key/)
  })

  test('a tunnel that does not come up is no error: the subaccount exists with ConnectFailure (API1-188)', async () => {
    region.refuse = true
    const added = await connector.call('POST', collection, { json: wanted })
    assert.equal(added.status, 201)
    assert.equal(added.json.tunnel.state, 'ConnectFailure')
    assert.equal(added.json.tunnel.connectedSinceTimeStamp, 0)
  })

  test('disconnect and connect show at once and need no credentials (RC-134, RC-135, API1-202, API1-203, API1-204, SCC-083, SCC-084)', async () => {
    await connector.call('POST', collection, { json: wanted })
    const off = await connector.call('PUT', `${subaccountPath}/state`, { json: { connected: false } })
    assert.equal(off.status, 204)
    assert.equal(off.text, '')
    const { tunnel } = (await connector.call('GET', subaccountPath)).json
    assert.deepEqual([tunnel.state, tunnel.connectedSinceTimeStamp], ['Disconnected', 0])
    assert.equal((await connector.call('PUT', `${subaccountPath}/state`, { json: { connected: false } })).status, 204)
    assert.equal((await connector.call('PUT', `${subaccountPath}/state`, { json: { connected: true } })).status, 204)
    assert.equal((await connector.call('GET', subaccountPath)).json.tunnel.state, 'Connected')
    for (const body of [{}, { connected: 'yes' }, { connected: 1 }])
      assert.equal((await connector.call('PUT', `${subaccountPath}/state`, { json: body })).status, 400)
  })

  test('a cloud side that asks for tunnels without end gets 512 and then a refusal', async () => {
    await connector.call('POST', collection, { json: wanted })
    const silent = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const known = region.results.length
    for (let n = 0; n < 513; n++)
      region.controls.at(-1)?.channel.send({ type: 'open-tunnel', ticket: `t${n}`, host: '127.0.0.1', port })
    while (region.results.length === known) await new Promise((resolve) => setTimeout(resolve, 10))
    const [refused] = region.results.slice(known)
    assert.deepEqual([refused?.ticket, refused?.ok], ['t512', false])
    assert.match(String(refused?.reason), /as many connections as it may \(512 of one subaccount\)/)
    await connector.call('DELETE', subaccountPath)
    silent.close()
  })

  test('an edit changes what it names; empty texts go back to the default (API1-198, SCC-087, SCC-088, RC-132)', async () => {
    await connector.call('POST', collection, { json: wanted })
    const named = await connector.call('PUT', subaccountPath, { json: { displayName: 'Plant 7' } })
    assert.equal(named.status, 200)
    assert.deepEqual([named.json.displayName, named.json.description], ['Plant 7', 'demo'])
    const reset = await connector.call('PUT', subaccountPath, {
      json: { displayName: '', description: '', regionHost: 'other', subaccount: 'other' },
    })
    assert.deepEqual(
      [reset.json.displayName, reset.json.description, reset.json.regionHost, reset.json.subaccount],
      [id, '', regionHost, id],
    )
  })

  test('a new location ID registers the tunnel anew under it (SCC-089, API1-199)', async () => {
    await connector.call('POST', collection, { json: wanted })
    const moved = await connector.call('PUT', subaccountPath, { json: { locationID: 'plant-7' } })
    assert.deepEqual([moved.json.locationID, moved.json.tunnel.state], ['plant-7', 'Connected'])
    assert.equal(region.hellos.at(-1)?.locationId, 'plant-7')
  })

  test('validity renews the certificate, with either names of the credentials (RC-137, API1-205, API1-207, API1-208)', async () => {
    const { tunnel } = (await connector.call('POST', collection, { json: wanted })).json
    const renewed = await connector.call('POST', `${subaccountPath}/validity`, {
      json: { user: cloudUser, password: cloudPassword },
    })
    assert.equal(renewed.status, 200)
    assert.notEqual(renewed.json.tunnel.subaccountCertificate.serialNumber, tunnel.subaccountCertificate.serialNumber)
    assert.equal(renewed.json.tunnel.state, 'Connected')
    const again = await connector.call('POST', `${subaccountPath}/validity`, { json: { cloudUser, cloudPassword } })
    assert.equal(again.status, 200)
    const wrong = await connector.call('POST', `${subaccountPath}/validity`, { json: { user: 'x', password: 'y' } })
    assert.equal(wrong.status, 400)
    const { serialNumber } = (await connector.call('GET', subaccountPath)).json.tunnel.subaccountCertificate
    assert.equal(serialNumber, again.json.tunnel.subaccountCertificate.serialNumber)
  })

  test('the cloud learns the description of the subaccount, or else of the connector (API1-055)', async () => {
    await connector.call('PUT', `${configuration}/connector`, { json: { description: 'plant 7' } })
    await connector.call('POST', collection, { json: { ...wanted, description: '' } })
    assert.equal(region.hellos.at(-1)?.description, 'plant 7')
    await connector.call('PUT', subaccountPath, { json: { description: 'of the subaccount' } })
    await until(() => (region.hellos.at(-1)?.description === 'of the subaccount' ? true : undefined))
    await connector.call('PUT', subaccountPath, { json: { description: '' } })
    await until(() => (region.hellos.at(-1)?.description === 'plant 7' ? true : undefined))
    await connector.call('PUT', `${configuration}/connector`, { json: { description: '' } })
    await until(() => (region.hellos.at(-1)?.description === '' ? true : undefined))
    // More than the cloud takes would keep the connector from connecting.
    const longest = 'ä'.repeat(1_000)
    for (const path of [subaccountPath, `${configuration}/connector`]) {
      const refused = await connector.call('PUT', path, { json: { description: `${longest}x` } })
      assert.deepEqual([refused.status, refused.json.type], [400, 'INVALID_REQUEST'])
      assert.match(refused.json.message, /description may hold at most 1000 characters/)
      assert.equal((await connector.call('PUT', path, { json: { description: longest } })).status, 200)
      await until(() => (region.hellos.at(-1)?.description === longest ? true : undefined))
    }
    await connector.call('PUT', `${configuration}/connector`, { json: { description: '' } })
  })

  test('registration data of the cloud stands for region, subaccount and credentials (RC-138, API1-211)', async () => {
    const data = { regionHost, subaccount: id, cloudUser, cloudPassword, displayName: 'Real name' }
    const authenticationData = Buffer.from(JSON.stringify(data)).toString('base64')
    const added = await connector.call('POST', collection, { json: { authenticationData, displayName: '' } })
    assert.equal(added.status, 201)
    assert.equal(added.json.displayName, 'Real name')
    const garbage = await connector.call('POST', collection, { json: { authenticationData: '%%%' } })
    assert.equal(garbage.status, 400)
  })

  test('trust is synchronised repeatedly, keeps switches and forgets what is gone (SCC-132, RC-136, API1-222, API1-223, API1-224, API1-226, API1-229, API1-230)', async () => {
    await connector.call('POST', collection, { json: wanted })
    const trust = `${subaccountPath}/trust`
    assert.deepEqual((await connector.call('GET', `${trust}/idps`)).json, [])
    const idp = (name: string) => ({ id: name, name, description: '', issuer: `https://${name}`, jwks: { keys: [] } })
    region.idps = [idp('one'), idp('two')]
    for (const _ of [1, 2]) assert.equal((await connector.call('POST', trust)).status, 204)
    assert.equal(region.asked.at(-1)?.authorized, true)
    const put = await connector.call('PUT', trust, { json: { autoSyncTrustEnabled: true } })
    assert.equal(put.status, 204)
    assert.deepEqual((await connector.call('GET', trust)).json, { autoSyncTrustEnabled: true })
    const off = await connector.call('PUT', `${trust}/idps/2`, { json: { enabled: false } })
    assert.equal(off.status, 204)
    const published = async (CN: string) => {
      const { certificatePem } = await LocalCa.create({ subject: { CN } })
      const x5c = [certificatePem.replaceAll(/-----.*-----|\s/g, '')]
      return {
        ...idp('three'),
        jwks: {
          keys: [
            { kty: 'RSA', x5c: ['nonsense'] },
            { kty: 'RSA', x5c },
          ],
        },
      }
    }
    for (const CN of ['Former', 'Present']) {
      region.idps = [idp('two'), await published(CN)]
      await connector.call('POST', trust)
      const { certificate } = (await connector.call('GET', `${trust}/idps/3`)).json
      const { notBeforeTimeStamp, notAfterTimeStamp, ...names } = certificate
      assert.ok(notBeforeTimeStamp < Date.now() && Date.now() < notAfterTimeStamp)
      assert.deepEqual([names.subjectDN, names.issuer], [`CN=${CN}`, `CN=${CN}`])
    }
    const list = (await connector.call('GET', `${trust}/idps`)).json
    assert.deepEqual(
      list.map((entry: { id: number; name: string; enabled: boolean }) => [entry.id, entry.name, entry.enabled]),
      [
        [2, 'two', false],
        [3, 'three', true],
      ],
    )
    assert.equal((await connector.call('GET', `${trust}/idps/3`)).json.name, 'three')
    assert.equal((await connector.call('GET', `${trust}/idps/9`)).status, 404)
    assert.equal((await connector.call('PUT', `${trust}/other/1`, { json: { enabled: true } })).status, 404)
  })

  test('deleting one disconnects it; afterwards every address below it is unknown (SCC-090, API1-200, API1-197, RC-130)', async () => {
    await connector.call('POST', collection, { json: wanted })
    assert.equal((await connector.call('DELETE', subaccountPath)).status, 204)
    for (const path of ['', '/systemMappings', '/systemMappings/a:1/resources', '/domainMappings', '/trust/idps']) {
      const gone = await connector.call('GET', `${subaccountPath}${path}`)
      assert.equal(gone.status, 404)
      assert.deepEqual(gone.json, {
        type: 'NOT_FOUND',
        message: `Subaccount with value '${id}@${regionHost}' does not exist`,
      })
    }
  })

  test('subaccounts, keys and the wish to stay disconnected survive a restart, which needs no credentials (SCC-060, SCC-085, API1-191, API1-202)', async () => {
    using own = temporaryFolder()
    const first = await startConnector(own.path, region)
    const other = id.replace(/1$/, '2')
    await first.call('POST', collection, { json: wanted })
    await first.call('POST', collection, { json: { ...wanted, subaccount: other } })
    await first.call('PUT', `${subaccountPath}/state`, { json: { connected: false } })
    const before = (await first.call('GET', `${collection}/${regionHost}/${other}`)).json
    await first.close()
    const second = await startConnector(own.path, region)
    assert.equal((await second.call('GET', subaccountPath)).json.tunnel.state, 'Disconnected')
    // Idempotent, and waits for the tunnel that the start began to open.
    await second.call('PUT', `${collection}/${regionHost}/${other}/state`, { json: { connected: true } })
    const { tunnel } = (await second.call('GET', `${collection}/${regionHost}/${other}`)).json
    assert.equal(tunnel.state, 'Connected')
    assert.deepEqual(tunnel.subaccountCertificate, before.tunnel.subaccountCertificate)
    await second.close()
  })

  test('whoever wants it as the guide of 2.15 says gets no texts that are not set, in any answer (SCC-068, API1-183, API1-190)', async () => {
    using own = temporaryFolder()
    const second = await startConnector(own.path, region, { omitEmptyTexts: true })
    const texts = (record: object) =>
      Object.keys(record).filter((name) => ['locationID', 'displayName', 'description'].includes(name))
    try {
      assert.deepEqual((await second.call('GET', collection)).json, [])
      const added = await second.call('POST', collection, { json: { ...wanted, description: '' } })
      const read = async () => (await second.call('GET', subaccountPath)).json
      const listed = async () => (await second.call('GET', collection)).json[0]
      const renewal = { json: { user: cloudUser, password: cloudPassword } }
      const renewed = await second.call('POST', `${subaccountPath}/validity`, renewal)
      for (const record of [added.json, renewed.json, await read(), await listed()]) assert.deepEqual(texts(record), [])
      const set = { locationID: 'north', displayName: 'Plant', description: 'd' }
      const edited = await second.call('PUT', subaccountPath, { json: set })
      for (const record of [edited.json, await read()])
        assert.deepEqual(Object.fromEntries(texts(record).map((name) => [name, record[name]])), set)
      assert.equal((await listed()).locationID, 'north')
      // Monitoring has no such rule, and its clients want all members.
      const monitored = async () => (await second.call('GET', '/api/monitoring/subaccounts')).json.subaccounts[0]
      await second.call('PUT', subaccountPath, { json: { locationID: '' } })
      assert.deepEqual([texts(await read()).includes('locationID'), (await monitored()).locationID], [false, ''])
    } finally {
      await second.close()
    }
  })
})
