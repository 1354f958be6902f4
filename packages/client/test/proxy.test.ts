import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { Bindings, type LandbridgeClient, parseVcapServices } from '@landbridge/client'
import { fetch } from 'undici'
import { found, type StandIn, startStandIn } from './stand-in.ts'

/** A proxy that takes only these tokens, and tells what it got. */
async function startProxy(...tokens: readonly string[]) {
  const server = createServer(async (incoming: IncomingMessage, response) => {
    const {
      'proxy-authorization': authorization = '',
      host,
      'sap-connectivity-scc-location_id': location,
    } = incoming.headers
    // A client that goes away in the middle gets no answer.
    const body = await text(incoming).catch(() => '')
    const isKnown = tokens.includes(authorization.replace('Bearer ', ''))
    response.writeHead(isKnown ? 200 : 407, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ target: incoming.url, host, location, authorization, body }))
  })
  let connections = 0
  server.on('connection', () => connections++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function newClient(platform: StandIn, port: number): LandbridgeClient {
  const oauth = { clientid: 'c', clientsecret: 's', url: platform.url }
  const proxy = { onpremise_proxy_host: '127.0.0.1', onpremise_proxy_http_port: String(port) }
  const destination = [{ name: 'd', credentials: { ...oauth, clientid: 'd', uri: platform.url } }]
  const connectivity = [{ name: 'c', credentials: { ...oauth, ...proxy } }]
  return platform.client({ bindings: new Bindings(parseVcapServices({ destination, connectivity })) })
}

test('a request of undici reaches the proxy in absolute form, with token, host and location (CONN-264, CONN-265)', async () => {
  await using platform = await startStandIn()
  await using proxy = await startProxy('t1')
  await using client = newClient(platform, proxy.port)
  const dispatcher = client.dispatcher({ locationId: 'plant 1' })
  const headers = { host: 'other.example', 'proxy-authorization': 'mine' }
  const answer = await fetch('http://erp.virtual:1234/a?b=c', { method: 'POST', body: 'x', headers, dispatcher })
  assert.deepEqual(await answer.json(), {
    target: 'http://erp.virtual:1234/a?b=c',
    host: 'erp.virtual:1234',
    location: 'plant 1',
    authorization: 'Bearer t1',
    body: 'x',
  })
})

test('a request of node:http does as well, before and after its token is there, over one connection (CONN-264, CONN-265)', async () => {
  await using platform = await startStandIn()
  await using proxy = await startProxy('t1')
  await using client = newClient(platform, proxy.port)
  const agent = client.httpAgent({ locationId: 'plant1' })
  const expected = { target: 'http://erp.virtual:1234/a', host: 'erp.virtual:1234', location: 'plant1' }
  for (const body of ['at once', '']) {
    const sent = request('http://erp.virtual:1234/a', { method: 'POST', agent })
    sent.end(body)
    const [answer] = await once(sent, 'response')
    assert.deepEqual(JSON.parse(await text(answer)), { ...expected, authorization: 'Bearer t1', body })
  }
  const streamed = request('http://erp.virtual:1234/a', { method: 'POST', agent })
  for (const part of ['one ', 'two ', 'three']) {
    streamed.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  streamed.end()
  const [answer] = await once(streamed, 'response')
  assert.equal(JSON.parse(await text(answer)).body, 'one two three')
  assert.equal(proxy.connections(), 1)
})

test('no token, no request: the agents tell why', async () => {
  await using platform = await startStandIn()
  await using proxy = await startProxy()
  await using client = newClient(platform, proxy.port)
  platform.answerTokens(401)
  const [error] = await once(get('http://erp.virtual/', { agent: client.httpAgent() }), 'error')
  assert.equal(error.code, 'CLIENT_CREDENTIALS_REFUSED')
  await assert.rejects(fetch('http://erp.virtual/', { dispatcher: client.dispatcher() }), (failure: Error) => {
    assert.equal((failure.cause as { code?: string }).code, 'CLIENT_CREDENTIALS_REFUSED')
    return true
  })
  assert.equal(proxy.connections(), 0)
})

test('a token that the proxy refuses is fetched once more, and the call repeated (RFC-152)', async () => {
  await using platform = await startStandIn()
  await using proxy = await startProxy('t3')
  await using client = newClient(platform, proxy.port)
  platform.answer(found('NoAuthentication', [], { URL: 'http://erp.virtual', ProxyType: 'OnPremise' }))
  const post = async () => client.fetch('erp', '/a', { method: 'POST', body: 'x' })
  // t1 is for the destination service, t2 for the proxy.
  assert.equal((await post()).status, 200)
  await using strict = await startProxy('never')
  await using refused = newClient(platform, strict.port)
  await assert.rejects(refused.fetch('erp', '/a'), { code: 'CLIENT_PROXY_TOKEN_REFUSED' })
})
