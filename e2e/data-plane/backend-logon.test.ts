import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DataPlane,
  mapping,
  ntlmBegin,
  ntlmFinish,
  startHttpBackend,
  startNtlmBackend,
  type WireAnswer,
  type WireSocket,
} from '@landbridge/testkit'
import { send } from './backend-calls.ts'

type Ask = (client: WireSocket, path: string, authorization?: string) => Promise<WireAnswer>

async function withNtlm(scheme: 'NTLM' | 'Negotiate' = 'NTLM') {
  const backend = await startNtlmBackend(scheme)
  const plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port)] } })
  plane.defer(() => backend.close())
  const ask: Ask = (client, path, authorization) =>
    send(
      plane,
      { url: `web:80${path}`, lines: authorization === undefined ? [] : [`Authorization: ${authorization}`] },
      client,
    )
  return { backend, plane, ask, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() }
}

for (const scheme of ['NTLM', 'Negotiate'] as const)
  test(`nobody gets a backend connection on which another caller has begun to log on with ${scheme}`, async () => {
    await using setup = await withNtlm(scheme)
    const { backend, plane, ask } = setup
    const [ann, bob] = [await plane.client(), await plane.client()]
    const challenged = await ask(ann, '/', ntlmBegin(scheme))
    assert.equal(challenged.status, 401)
    const last = await ask(ann, '/', ntlmFinish(challenged.header('WWW-Authenticate') ?? '', 'ann'))
    assert.equal((await ask(bob, '/open')).body.toString(), 'nobody')
    assert.equal((await ask(ann, '/open')).body.toString(), 'nobody')
    assert.equal(last.status, 401)
    assert.equal(backend.accepted, 3)
  })

test('a connection serves the next caller unless somebody may be logged on for all of it', async () => {
  let accepted = 0
  const backend = await startHttpBackend((request, response) => {
    const challenge = String(request.headers['x-answer'] ?? '')
    response.writeHead(challenge === '' ? 200 : 401, challenge === '' ? {} : { 'WWW-Authenticate': challenge })
    response.end('answer')
  })
  backend.server.on('connection', () => accepted++)
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port)] } })
  plane.defer(() => backend.close())
  const cases: readonly [boolean, ...string[]][] = [
    [true],
    [true, 'Authorization: Basic bnRsbTpuZWdvdGlhdGU='],
    [true, 'Authorization: Bearer NTLM'],
    [true, 'X-Answer: Basic realm="ntlm"'],
    [false, 'Authorization: NTLM TlRMTVNTUAAB'],
    [false, 'authorization:ntlm'],
    [false, 'Authorization: Negotiate YII='],
    [false, 'Authorization: Nego2 YII='],
    [false, 'Authorization: Kerberos YII='],
    [false, 'Authorization: Basic eDp5', 'Authorization: Negotiate YII='],
    [false, 'X-Answer: NTLM'],
    [false, 'X-Answer: Basic realm="x", negotiate'],
  ]
  for (const [isShared, ...lines] of cases) {
    await send(plane, { url: 'web:80/', lines })
    const before = accepted
    await send(plane, { url: 'web:80/' })
    assert.equal(accepted === before, isShared, lines.join(' and '))
  }
})
