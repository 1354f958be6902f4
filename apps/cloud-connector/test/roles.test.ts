import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { type IssuedCertificate, LocalCa } from '@landbridge/identity'
import { temporaryFolder } from '@landbridge/testkit'
import { isPermitted, type Role } from '../src/login/permissions.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

const c = `${configuration}/connector`
const mapping = `${subaccountPath}/systemMappings/erp.corp:sapgw00`
const own = `/api/v1/landbridge/subaccounts/${regionHost}/${id}`
const erp = {
  virtualHost: 'erp.corp',
  virtualPort: 'sapgw00',
  localHost: '10.0.0.5',
  localPort: 'sapgw01',
  protocol: 'RFC',
  backendType: 'abapSys',
}
const people = ['Administrator', 'SubaccountAdministrator', 'Display', 'Support', 'Monitoring'] as const

/** By operation, who may call it, as initials. The operations of the catalogue, in its order. */
const table: readonly [method: string, path: string, permitted: string][] = [
  ['GET', c, 'ASDU'],
  ['GET', '/api/v1/connector/version', 'ASDU'],
  ['PUT', c, 'A'],
  ['GET', `${c}/haRole`, 'ADU'],
  ['POST', `${c}/haRole`, 'A'],
  ['GET', `${c}/ha/master/config`, 'ADU'],
  ['PUT', `${c}/ha/master/config`, 'A'],
  ['GET', `${c}/ha/master/state`, 'ADU'],
  ['POST', `${c}/ha/master/state`, 'A'],
  ['DELETE', `${c}/ha/master/state`, 'A'],
  ['POST', `${c}/ha/shadow/state`, 'A'],
  ['GET', `${c}/proxy`, 'ADU'],
  ['PUT', `${c}/proxy`, 'A'],
  ['DELETE', `${c}/proxy`, 'A'],
  ['GET', `${c}/authentication`, 'ADU'],
  ['PUT', `${c}/authentication/basic`, 'A'],
  ['GET', `${c}/ui/uiCertificate`, 'ADU'],
  ['POST', `${c}/ui/uiCertificate`, 'A'],
  ['PATCH', `${c}/ui/uiCertificate`, 'A'],
  ['PUT', `${c}/ui/uiCertificate`, 'A'],
  ['GET', `${configuration}/availableCipherSuites`, 'ASDU'],
  ['GET', `${c}/ui/cipherSuites`, 'ASDU'],
  ['POST', `${c}/ui/cipherSuites`, 'A'],
  ['DELETE', `${c}/ui/cipherSuites`, 'A'],
  ...['ppCaCertificate', 'systemCertificate'].flatMap((kind): [string, string, string][] => [
    ['GET', `${c}/onPremise/${kind}`, 'ADU'],
    ...['POST', 'PATCH', 'PUT', 'DELETE'].map((method): [string, string, string] => [
      method,
      `${c}/onPremise/${kind}`,
      'A',
    ]),
  ]),
  ['GET', `${c}/onPremise/truststore`, 'ASDU'],
  ['PATCH', `${c}/onPremise/truststore`, 'A'],
  ['POST', `${c}/onPremise/truststore/certificates`, 'A'],
  ['DELETE', `${c}/onPremise/truststore/certificates/x`, 'A'],
  ['DELETE', `${c}/onPremise/truststore/certificates`, 'A'],
  ['GET', `${c}/onPremise/snc`, 'ADU'],
  ['PUT', `${c}/onPremise/snc`, 'A'],
  ['DELETE', `${c}/onPremise/snc`, 'A'],
  ['GET', `${c}/solutionManagement`, 'ADU'],
  ['POST', `${c}/solutionManagement`, 'AU'],
  ['DELETE', `${c}/solutionManagement`, 'AU'],
  ['GET', `${c}/solutionManagement/registrationFile`, 'AU'],
  ['POST', `${configuration}/backup`, 'A'],
  ['PUT', `${configuration}/backup`, 'A'],
  ['GET', `${configuration}/subaccounts`, 'ASDU'],
  ['POST', `${configuration}/subaccounts`, 'AS'],
  ['GET', subaccountPath, 'ASDU'],
  ['PUT', subaccountPath, 'AS'],
  ['PUT', `${subaccountPath}/state`, 'AS'],
  ['POST', `${subaccountPath}/validity`, 'AS'],
  ['POST', `${subaccountPath}/recovery`, 'AS'],
  ['DELETE', `${subaccountPath}/recovery`, 'AS'],
  ['POST', `${subaccountPath}/recovery/takeover`, 'AS'],
  ['POST', `${subaccountPath}/trust`, 'AS'],
  ['GET', `${subaccountPath}/trust/idps`, 'ASDU'],
  ['GET', `${subaccountPath}/trust/apps`, 'ASDU'],
  ['PUT', `${subaccountPath}/trust/idps/1`, 'AS'],
  ['GET', `${subaccountPath}/trust/idps/1`, 'AS'],
  ['GET', `${subaccountPath}/trust/apps/1`, 'AS'],
  ...['systemMappings', 'domainMappings', 'channels', 'channels/K8S'].flatMap((kind): [string, string, string][] => [
    ['GET', `${subaccountPath}/${kind}`, 'ASDU'],
    ['POST', `${subaccountPath}/${kind}`, 'AS'],
  ]),
  ['GET', mapping, 'ASDU'],
  ['PUT', mapping, 'AS'],
  ...['resources', 'allowedClients', 'blockedClientUsers'].flatMap((list): [string, string, string][] => [
    ['GET', `${mapping}/${list}`, 'ASDU'],
    ['POST', `${mapping}/${list}`, 'AS'],
    ['DELETE', `${mapping}/${list}`, 'AS'],
  ]),
  ['PATCH', `${mapping}/allowedClients`, 'AS'],
  ['PATCH', `${mapping}/resources`, 'AS'],
  ['GET', `${mapping}/scenarios`, 'ASDU'],
  ['POST', `${mapping}/scenarios`, 'AS'],
  ['POST', `${mapping}/scenarios/export`, 'AS'],
  ['DELETE', `${mapping}/scenarios/x`, 'AS'],
  ['POST', `${subaccountPath}/availability`, 'AS'],
  ...['', '/accessControl'].flatMap((part): [string, string, string][] => [
    ['GET', `${subaccountPath}${part}/export`, 'ASDU'],
    ['POST', `${subaccountPath}${part}/import`, 'AS'],
  ]),
  ['PATCH', `${mapping}/blockedClientUsers`, 'AS'],
  ['GET', `${mapping}/resources/-`, 'ASDU'],
  ['PUT', `${mapping}/resources/-`, 'AS'],
  ['DELETE', `${mapping}/resources/-`, 'AS'],
  ['DELETE', mapping, 'AS'],
  ['DELETE', `${subaccountPath}/systemMappings`, 'AS'],
  ['DELETE', `${subaccountPath}/domainMappings/x`, 'AS'],
  ['PUT', `${subaccountPath}/channels/K8S/1/state`, 'AS'],
  ['DELETE', `${subaccountPath}/channels/K8S/1`, 'AS'],
  ['DELETE', `${subaccountPath}/channels`, 'AS'],
  ...['connections/backends', 'connections/serviceChannels', 'performance/backends', 'performance/topTimeConsumers']
    .concat('performance/toptimeconsumers', 'subaccounts', 'memory', 'certificates', 'certificates/ok', 'usage')
    .map((path): [string, string, string] => ['GET', `/api/monitoring/${path}`, 'AM']),
  ...['requests', 'performance', 'topTimeConsumers', 'connections'].map((path): [string, string, string] => [
    ...(['GET', `${own}/traffic/${path}`, 'ASDU'] as const),
  ]),
  ...['performance', 'topTimeConsumers', 'usage'].map((path): [string, string, string] => [
    ...(['DELETE', `${own}/traffic/${path}`, 'AS'] as const),
  ]),
  ['GET', `${own}/connectionLimits`, 'ASDU'],
  ['PUT', `${own}/connectionLimits`, 'AS'],
  ['GET', '/api/v1/landbridge/connector/advancedConnectivity', 'ADU'],
  ['PUT', '/api/v1/landbridge/connector/advancedConnectivity', 'A'],
]
/** Operations that the catalogue does not have, asked of the rules alone. */
const furtherTable: typeof table = [
  ...['overview', 'trust', 'tunnel', 'access', 'audit'].map((view): [string, string, string] => [
    ...(['GET', `${own}/${view}`, 'ASDU'] as const),
  ]),
  ...['audit', 'audit/verification', 'securityStatus', 'certificates', 'cipherSuites', 'proxyStatus', 'ha'].map(
    (view): [string, string, string] => ['GET', `/api/v1/landbridge/${view}`, 'ADU'],
  ),
  ['GET', '/api/v1/landbridge/subaccounts', 'ASDU'],
  ['GET', '/api/v1/landbridge/regions', 'ASDU'],
  ['POST', '/api/v1/landbridge/regions', 'A'],
  ['PUT', '/api/v1/landbridge/regions/x', 'A'],
  ['DELETE', '/api/v1/landbridge/regions/x', 'A'],
  ['GET', `${own}/traces`, 'AU'],
  ['GET', `${own}/traces/ljs_trace.log`, 'AU'],
  ['GET', `${subaccountPath}/payloadTrace`, 'ASDU'],
  ['PUT', `${subaccountPath}/payloadTrace`, 'A'],
  ...['auditLogLevel', 'trustedApplications'].flatMap((list): [string, string, string][] => [
    ['GET', `${subaccountPath}/${list}`, 'ASDU'],
    ['PUT', `${subaccountPath}/${list}`, 'AS'],
  ]),
  ...['auditLogLevel', 'onPremise/kerberos', 'onPremise/principalPropagation'].flatMap(
    (setting): [string, string, string][] => [
      ['GET', `${c}/${setting}`, 'ADU'],
      ['PUT', `${c}/${setting}`, 'A'],
    ],
  ),
]
const initials: Readonly<Record<string, Role>> = {
  A: 'Administrator',
  S: 'SubaccountAdministrator',
  D: 'Display',
  U: 'Support',
  M: 'Monitoring',
}

test('operations beyond the catalogue admit exactly the roles of their lists, traces and their switch the fewest', () => {
  for (const [method, path, permitted] of furtherTable)
    for (const [initial, role] of Object.entries(initials))
      assert.equal(isPermitted(method, path, [role]), permitted.includes(initial), `${role} ${method} ${path}`)
})

describe('roles and client certificates', () => {
  const folder = temporaryFolder()
  const certificates = new Map<string, IssuedCertificate>()
  let region: FakeRegion
  let connector: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    const ca = await LocalCa.create({ subject: { CN: 'People' } })
    const foreign = await LocalCa.create({ subject: { CN: 'People' } })
    for (const name of [...people, 'Stranger'])
      certificates.set(name, await ca.issueClient({ subject: { CN: name, O: 'Corp' }, days: 1 }))
    certificates.set('Foreigner', await foreign.issueClient({ subject: { CN: 'Administrator' }, days: 1 }))
    const users = Object.fromEntries(people.map((role) => [role, role]))
    connector = await startConnector(folder.path, region, { clientCertificates: { ca: ca.certificatePem, users } })
    await connector.call('POST', `${configuration}/subaccounts`, {
      json: { regionHost, subaccount: id, cloudUser, cloudPassword },
    })
    await connector.call('POST', `${subaccountPath}/systemMappings`, { json: erp })
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  /** A request of the owner of a certificate, without password; the body is no JSON, so that nothing gets done. */
  const status = (who: string, method: string, path: string, headers: object = {}, body = ']'): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = httpsRequest(
        `${connector.app.url}${path}`,
        {
          method,
          agent: false,
          ca: connector.app.uiCa,
          ...certificates.get(who),
          headers: {
            ...(method === 'GET' || method === 'DELETE' ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0))
        },
      )
      sent.once('error', reject)
      sent.end(method === 'GET' || method === 'DELETE' ? undefined : body)
    })

  test('a client certificate logs its owner in; foreign and unknown ones do not, and passwords still work (API1-003, RC-127)', async () => {
    assert.equal(await status('Display', 'GET', c), 200)
    assert.equal(await status('Foreigner', 'GET', c), 401)
    assert.equal(await status('Nobody', 'GET', c), 401)
    assert.equal(await status('Stranger', 'GET', c), 403)
    assert.equal((await connector.call('GET', c)).status, 200)
    const json = JSON.stringify({ description: 'by certificate' })
    assert.equal(await status('Administrator', 'PUT', c, {}, json), 200)
    const [entry] = (await connector.call('GET', '/api/v1/landbridge/audit?limit=1')).json
    assert.equal(entry.actor, 'Administrator')
    // A page of somebody else makes the browser send the certificate.
    assert.equal(await status('Administrator', 'PUT', c, { 'sec-fetch-site': 'cross-site' }, json), 403)
  })

  test('every operation admits exactly the roles of its list, and nobody else changes anything (SCC-195, OPS-018, OPS-019, API1-039, API1-040, API1-041, API1-042, API1-043, API1-044, API1-045, API1-046, API1-170, API1-182, API1-213, API2-003, API2-004, API2-005, API2-173)', async () => {
    for (const [method, path, permitted] of table)
      for (const who of people) {
        // Deletions come last in the table; those of the permitted are not tried, to keep what others read.
        const mayCall = [...permitted].some((initial) => initials[initial] === who)
        if (mayCall && method === 'DELETE') continue
        const answer = await status(who, method, path)
        assert.equal(
          answer === 403,
          !mayCall || path.endsWith('ha/shadow/state'),
          `${who} ${method} ${path}: ${answer}`,
        )
        if (mayCall && method === 'GET') assert.ok(answer === 200 || answer === 404, `${who} ${path}: ${answer}`)
      }
    assert.equal((await connector.call('GET', mapping)).status, 200)
  })

  test('an address spelled with escapes is guarded like the plain one', async () => {
    for (const path of [c.replace('api', '%61pi'), `${c}/prox%79`, `${configuration}/%62ackup`]) {
      const method = path.endsWith('ackup') ? 'POST' : 'GET'
      assert.equal((await connector.call(method, path, { login: false })).status, 401, path)
      assert.equal(await status('Monitoring', method, path), 403, path)
    }
  })
})
