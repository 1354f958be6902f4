import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { callJson, startPlatform, temporaryFolder } from '@landbridge/testkit'
import { createDestination, expose } from './support/administration.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { technicalToken } from './support/tokens.ts'

const platform = await startPlatform()
after(() => platform.stop())

interface Asked {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly form: Record<string, string>
}

/** A token service in the customer's network. */
async function startTokenService(name: string) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams((await buffer(request)).toString()))
    asked.push({ url: request.url ?? '', headers: request.headers, form })
    const answer = { access_token: `${name}-${asked.length}`, token_type: 'bearer', expires_in: 600 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function firstToken(name: string) {
  const answer = await callJson({
    url: `${platform.binding('destination').uri}/destination-configuration/v1/destinations/${name}`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination')}` },
  })
  assert.equal(answer.status, 200, answer.text)
  return answer.json.authTokens[0]
}

const destination = (Name: string, virtualHost: string, more: Record<string, string> = {}) =>
  createDestination(platform, {
    Name,
    URL: 'http://erp.virtual:80',
    ProxyType: 'OnPremise',
    Authentication: 'OAuth2ClientCredentials',
    clientId: 'sb-erp!b1',
    clientSecret: 's3cr3t-value',
    tokenServiceURL: `http://${virtualHost}:80/oauth/token?zone=a%20b`,
    ...more,
  })

test('a token service behind the Cloud Connector is asked through proxy, tunnel and connector (DEST-124)', async () => {
  await using idp = await startTokenService('plant')
  await expose(platform, { virtualHost: 'idp.virtual', backendPort: idp.port, paths: ['/oauth'] })
  await destination('on-premise-idp', 'idp.virtual', {
    'tokenServiceURL.headers.SAP-Connectivity-Authentication': 'Bearer x',
    'tokenServiceURL.headers.Proxy-Authorization': 'Bearer y',
  })
  assert.equal((await firstToken('on-premise-idp')).value, 'plant-1')
  assert.equal((await firstToken('on-premise-idp')).value, 'plant-1')
  assert.equal(idp.asked.length, 1)
  const [{ url, headers, form }] = idp.asked as [Asked]
  assert.deepEqual(form, { grant_type: 'client_credentials', client_id: 'sb-erp!b1', client_secret: 's3cr3t-value' })
  assert.deepEqual(
    [url, headers['proxy-authorization'], headers.authorization],
    ['/oauth/token?zone=a%20b', undefined, undefined],
  )
})

test('CloudConnectorLocationId selects the Cloud Connector that asks; without one there is an error entry (DEST-124, DEST-125)', async () => {
  await using idp = await startTokenService('elsewhere')
  using folder = temporaryFolder()
  const place = { locationId: 'tokens', virtualHost: 'idp.elsewhere', backendPort: idp.port }
  const connector = await startLocatedConnector(platform, folder.path, place)
  try {
    await destination('located-idp', 'idp.elsewhere', { CloudConnectorLocationId: 'tokens' })
    assert.equal((await firstToken('located-idp')).value, 'elsewhere-1')
    await destination('nowhere-idp', 'idp.elsewhere', { CloudConnectorLocationId: 'nowhere' })
    const { error, value } = await firstToken('nowhere-idp')
    assert.equal(value, '')
    assert.match(error, /^Retrieval of OAuthToken failed due to: .+/)
    assert.ok(!error.includes('s3cr3t-value'))
    await destination('hidden-idp', 'idp.elsewhere')
    assert.match((await firstToken('hidden-idp')).error, /^Retrieval of OAuthToken failed due to: .+/)
    assert.equal(idp.asked.length, 1)
  } finally {
    await connector.stop()
  }
})

test('a private URL is refused on the way over the Internet, and the same URL is asked through the tunnel (CONN-137, CONN-138)', async () => {
  await using idp = await startTokenService('private')
  await expose(platform, { virtualHost: '10.9.8.7', backendPort: idp.port, paths: ['/oauth'] })
  await destination('private-direct', '10.9.8.7', { ProxyType: 'Internet', URL: 'http://erp.test' })
  const { error, value } = await firstToken('private-direct')
  assert.deepEqual([value, idp.asked.length], ['', 0])
  assert.match(error, /private/)
  await destination('private-tunnel', '10.9.8.7')
  assert.equal((await firstToken('private-tunnel')).value, 'private-1')
})
