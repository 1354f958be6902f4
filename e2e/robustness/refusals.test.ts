import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { ControlChannel, type ControlMessage, Session, tunnelAlpn } from '@landbridge/tunnel'
import { Agent, fetch } from 'undici'
import type { Child } from '../harness/child.ts'
import { eventually, within } from '../harness/eventually.ts'
import { callWeb, isEcho } from '../harness/http-client.ts'
import { Landscape } from '../harness/landscape.ts'
import { openEcho } from '../harness/socks-client.ts'
import type { AgentSettings, PairedState, Tenant } from '../processes/settings.ts'
import { signToken } from '../processes/sign-token.ts'

let landscape: Landscape

before(async () => {
  landscape = await Landscape.start()
  await landscape.startAgent(landscape.agentSettings())
  assert.ok(isEcho(await callWeb(landscape, '/echo/x.'), 'x.'))
})
after(() => landscape?.close())

async function tenantWithAgent(): Promise<{ tenant: Tenant; settings: AgentSettings; agent: Child<string> }> {
  const tenant = await landscape.newTenant()
  const settings = landscape.agentSettings({ tenant })
  return { tenant, settings, agent: await landscape.startAgent(settings) }
}

/** What the administrator of the agent reads when it is not connected. */
async function lastError(agent: Child<string>): Promise<string> {
  return eventually('the agent knows why it is not connected', async () => {
    const status = await agent.call<{ state: string; lastError?: string }>('status')
    return status.state === 'ConnectFailure' && status.lastError
  })
}

/** One connection of a connector with any certificate, and what it is told in answer to its first message. */
async function firstAnswer(port: number, serverName: string, state: PairedState, hello: ControlMessage) {
  const { certificate: cert, privateKey: key } = state
  const ca = landscape.ca.certificatePem
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: serverName,
    ca,
    cert,
    key,
    ALPNProtocols: [tunnelAlpn],
  })
  await once(socket, 'secureConnect')
  let over: (reason: string) => void = () => {}
  const closed = new Promise<string>((resolve) => {
    over = resolve
  })
  const session = new Session(socket, {
    role: 'client',
    clock: systemClock,
    accept: () => null,
    closed: () => over('closed'),
  })
  const channel = ControlChannel.open(session)
  const messages: ControlMessage[] = []
  const waiting: ((message: ControlMessage) => void)[] = []
  channel.onMessage = (message) => {
    const next = waiting.shift()
    if (next === undefined) messages.push(message)
    else next(message)
  }
  const next = (): Promise<ControlMessage | string> => {
    const message = messages.shift()
    return within(
      'a message',
      Promise.race([message ?? new Promise<ControlMessage>((resolve) => waiting.push(resolve)), closed]),
    )
  }
  channel.send(hello)
  return { next, closed, close: () => session.destroy() }
}

test('an expired token is refused with 407, and by SOCKS5 at the authentication (CONN-053, CP-047)', async () => {
  const expired = landscape.token(landscape.tenant, -3_600)
  const outcome = await callWeb(landscape, '/echo/x.', { token: expired })
  assert.ok(outcome.kind === 'answer')
  assert.equal(outcome.status, 407)
  assert.equal(outcome.code, 'TOKEN_EXPIRED')
  await assert.rejects(openEcho(landscape, expired), /answered 01/)
})

test('a token of another tenant never reaches this tenant: 503 for its own, 407 at a dedicated proxy (CP-118)', async () => {
  const stranger = await landscape.newTenant()
  const token = landscape.token(stranger)
  const shared = await callWeb(landscape, '/echo/x.', { token })
  assert.ok(shared.kind === 'answer')
  assert.equal(shared.status, 503)
  assert.equal(shared.code, 'CONNECTOR_NOT_CONNECTED')
  assert.ok(shared.body.includes(stranger.subaccountId) && !shared.body.includes(landscape.tenant.subaccountId))
  await assert.rejects(openEcho(landscape, token), /answered 0503/)
  const dedicated = await landscape.startReplica({ dedicatedTo: landscape.tenant.subaccountId })
  const refused = await callWeb(landscape, '/echo/x.', { token, port: dedicated.ready.httpPort })
  assert.ok(refused.kind === 'answer')
  assert.equal(refused.status, 407)
  assert.equal(refused.code, 'PROXY_TENANT_MISMATCH')
  assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { port: dedicated.ready.httpPort }), 'x.'))
  await dedicated.kill()
})

test('a revoked certificate ends the tunnel at once, and the agent learns why it stays out', async () => {
  const { tenant, agent } = await tenantWithAgent()
  const token = landscape.token(tenant)
  assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { token }), 'x.'))
  const waiting = callWeb(landscape, '/hold/x.', { token })
  await eventually('the request waits', async () => {
    return (await landscape.backend.call<{ held: number }>('counts')).held === 1
  })
  const dispatcher = new Agent({ connect: { ca: landscape.ca.certificatePem } })
  const url = `https://127.0.0.1:${landscape.cloud.ready.servicePort}/api/v1/connectors/${agent.ready}/revoke`
  const operator = signToken(landscape.signing, { clientId: 'sb-operator', subaccountId: 'operator' })
  const answer = await fetch(url, {
    dispatcher,
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'stolen laptop' }),
  })
  assert.equal(answer.status, 200)
  await dispatcher.close()
  const lost = await waiting
  assert.ok(lost.kind === 'answer' && lost.status === 502 && lost.code === 'TUNNEL_LOST')
  const next = await callWeb(landscape, '/echo/x.', { token })
  assert.ok(next.kind === 'answer' && next.status === 503)
  assert.match(await lastError(agent), /subaccount certificate has been revoked/)
  await agent.kill()
})

test('an expired connector certificate is refused, and the agent says that it has expired (SCC-099)', async () => {
  const { tenant, settings, agent } = await tenantWithAgent()
  await agent.kill()
  const state = landscape.readState(settings)
  const longAgo = { ...systemClock, now: () => Date.now() - 10 * 86_400_000 }
  const ca = LocalCa.load(landscape.ca.certificatePem, landscape.ca.keyPem.reveal(), longAgo)
  const { cert, key } = await ca.issueClient({
    subject: { CN: tenant.subaccountId, OU: state.connectorId, O: 'Landbridge' },
    days: 1,
  })
  const expired = { ...state, certificate: cert, privateKey: key }
  landscape.writeState(settings, expired)
  const restarted = await landscape.startAgent(settings, false)
  assert.match(await lastError(restarted), /subaccount certificate has expired/)
  await restarted.kill()
  // The tunnel server does not even finish the handshake.
  const { tunnelPort } = landscape.cloud.ready
  const attempt = await firstAnswer(tunnelPort, 'localhost', expired, { type: 'tunnel-hello' })
  assert.equal(await attempt.next(), 'closed')
})

test('a connector cannot register for, or bring a tunnel to, the subaccount of another (CP-118)', async () => {
  const victim = await tenantWithAgent()
  const thief = await tenantWithAgent()
  await victim.agent.kill()
  await thief.agent.kill()
  const own = landscape.readState(victim.settings)
  const foreign = landscape.readState(thief.settings)
  const hello = {
    type: 'hello',
    protocol: 1,
    version: '0.1.0',
    subaccountId: victim.tenant.subaccountId,
    locationId: '',
    description: '',
    loadSharing: false,
  }
  const { servicePort, tunnelPort } = landscape.cloud.ready
  const claims = { ...hello, connectorId: foreign.connectorId }
  const refused = await firstAnswer(servicePort, foreign.notificationHost, foreign, claims)
  const answer = (await refused.next()) as ControlMessage
  assert.equal(answer.type, 'refused')
  assert.equal(answer.code, 'CONNECTOR_IDENTITY_MISMATCH')
  assert.equal(await refused.closed, 'closed')

  // Even with a ticket that was meant for the victim.
  const registered = await firstAnswer(servicePort, own.notificationHost, own, {
    ...hello,
    connectorId: own.connectorId,
  })
  assert.equal(((await registered.next()) as ControlMessage).type, 'welcome')
  const waiting = callWeb(landscape, '/echo/x.', { token: landscape.token(victim.tenant) })
  const order = (await registered.next()) as ControlMessage
  assert.equal(order.type, 'open-tunnel')
  const tunnelHello = {
    type: 'tunnel-hello',
    protocol: 1,
    version: '0.1.0',
    ticket: order.ticket,
    connectorId: foreign.connectorId,
    subaccountId: victim.tenant.subaccountId,
    locationId: '',
  }
  const stolen = await firstAnswer(tunnelPort, 'localhost', foreign, tunnelHello)
  const verdict = (await stolen.next()) as ControlMessage
  assert.equal(verdict.type, 'refused')
  assert.match(String(verdict.title), /belongs to another subaccount/)
  registered.close()
  const outcome = await waiting
  assert.ok(outcome.kind === 'answer' && outcome.status === 503 && outcome.code === 'TUNNEL_OPEN_FAILED')
})
