import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { callJson, startPlatform, type TestPlatform } from '@landbridge/testkit'
import { operate } from './support/administration.ts'
import { newCustomer } from './support/customer.ts'
import { claimsOf } from './support/tokens.ts'

let platform: TestPlatform
let application: Server
let xsappname: string
const tokens: string[] = []

before(async () => {
  platform = await startPlatform()
  application = createServer((incoming, response) => {
    tokens.push(String(incoming.headers.authorization).replace('Bearer ', ''))
    response.end(incoming.method === 'GET' ? '[]' : '')
  })
  await once(application.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  const provider = platform.binding('xsuaa').subaccountid
  const order = (service: string, name: string, parameters: object) =>
    operate(platform, 'POST', `/subaccounts/${provider}/serviceInstances`, { service, name, parameters })
  const grantee = '$XSAPPNAME(application,sap-provisioning,tenant-onboarding)'
  const scopes = ['Callback', 'mtdeployment'].map((name) => ({
    name: `$XSAPPNAME.${name}`,
    'grant-as-authority-to-apps': [grantee],
  }))
  const stolen = [platform.binding('xsuaa').xsappname, 'uaa', 'cloud_controller'].map((app) => ({
    name: `${app}.admin`,
    'grant-as-authority-to-apps': [grantee],
  }))
  const instance = await order('xsuaa', 'shop', { xsappname: 'shop', scopes: [...scopes, ...stolen] })
  xsappname = instance.xsappname
  const appUrls = { getDependencies: `${origin}/d`, onSubscription: `${origin}/t/{tenantId}` }
  await order('saas-registry', 'shop-saas', { xsappname, appName: 'Shop', appUrls })
  const { id } = await newCustomer(platform, 'customer')
  await operate(platform, 'POST', `/subaccounts/${id}/subscriptions`, { xsappname })
})

after(async () => {
  await platform?.stop()
  application?.closeAllConnections()
  application?.close()
})

test('the token of a callback carries what the application granted, for that application, in the tenant of the provider (RFC-128, RFC-129)', () => {
  assert.equal(tokens.length, 2)
  for (const token of tokens) {
    const claims = claimsOf(token)
    assert.deepEqual(claims.scope, ['uaa.resource', `${xsappname}.Callback`, `${xsappname}.mtdeployment`])
    assert.ok((claims.aud as string[]).includes(xsappname))
    assert.equal(claims.zid, platform.binding('xsuaa').subaccountid)
    assert.equal(claims.client_id, 'sb-tenant-onboarding!b1')
    assert.equal(claims.user_name, undefined)
  }
})

test('an application can do nothing on the platform with the token that it was shown', async () => {
  const [token = ''] = tokens
  const authorization = `Bearer ${token}`
  const destination = `${platform.binding('destination').uri}/destination-configuration`
  for (const url of [
    `${destination}/v1/destinations/demo-backend`,
    `${destination}/v1/subaccountDestinations`,
    `${platform.address('connectivity-service').origin}/api/v1/subaccounts`,
    `${platform.address('connectivity-service').origin}/api/v1/tunnels/events`,
  ]) {
    const { status } = await callJson({ url, headers: { authorization }, ca: platform.ca })
    assert.ok([401, 403].includes(status), `${url} ${status}`)
  }
  const { onpremise_proxy_host: host, onpremise_proxy_http_port: port } = platform.binding('connectivity')
  const headers = { 'proxy-authorization': authorization, host: 'demo-backend.virtual:8080' }
  const sent = request({ host, port, path: 'http://demo-backend.virtual:8080/hello', headers, agent: false }).end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  assert.ok([401, 403, 407].includes(answer.statusCode), String(answer.statusCode))
  const assertion = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: token }
  const { clientid = '', clientsecret = '', url } = platform.binding('xsuaa')
  const body = new URLSearchParams({ ...assertion, client_id: clientid, client_secret: clientsecret })
  const exchanged = await callJson({ method: 'POST', url: `${url}/oauth/token`, body, ca: platform.ca })
  assert.notEqual(exchanged.status, 200, 'it is the token of no user')
})
