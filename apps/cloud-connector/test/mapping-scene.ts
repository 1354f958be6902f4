import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

export const mappings = `${subaccountPath}/systemMappings`
export const erp = {
  virtualHost: 'erp.corp',
  virtualPort: '8000',
  localHost: '10.0.0.5',
  localPort: '8001',
  protocol: 'HTTP',
  backendType: 'abapSys',
  authenticationMode: 'KERBEROS',
  hostInHeader: 'VIRTUAL',
}
/** Where the mapping `erp` is. */
export const one = `${mappings}/erp.corp:8000`
/** A second subaccount of the connector. */
export const other = id.replace(/1$/, '2')

/** For the suite in which this is called: a connector with two subaccounts, without mappings before each test. */
export function mappingScene() {
  const folder = temporaryFolder()
  let region: FakeRegion
  let running: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    running = await startConnector(folder.path, region)
    for (const subaccount of [id, other]) {
      const added = await running.call('POST', `${configuration}/subaccounts`, {
        json: { regionHost, subaccount, cloudUser, cloudPassword },
      })
      assert.equal(added.status, 201)
    }
  })
  beforeEach(async () => {
    assert.equal((await running.call('DELETE', mappings)).status, 204)
  })
  after(async () => {
    await running.close()
    await region.close()
    folder[Symbol.dispose]()
  })
  return {
    /** For tests, not before. */
    get connector(): RunningConnector {
      return running
    },
    async post(json: object, status = 201): Promise<void> {
      const answer = await running.call('POST', mappings, { json })
      assert.equal(answer.status, status, answer.text)
    },
    get: async (path: string) => (await running.call('GET', path)).json,
  }
}
