import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { niFrame } from '@landbridge/rfc'
import { demoUser, runChild } from '@landbridge/testkit'
import { recordedPayloads, recordings } from '../../packages/rfc/test/recorded.ts'
import { functionModule, RfcScene } from './scene.ts'

const everything = [functionModule('STFC_CONNECTION'), functionModule('Z_', { exactMatchOnly: false })]

for (const name of recordings) {
  test(`the recorded bytes of ${name} get their answers through proxy, tunnel, connector and gateway (RFC-069, CP-091)`, async () => {
    await using scene = await RfcScene.start()
    scene.expose(everything)
    const client = await scene.client()
    for (const payload of recordedPayloads(name)) {
      client.socket.write(niFrame(payload))
      const kind = payload[1]
      // Partner and end of the conversation are not answered.
      if (kind === 0x03 || kind === 0x01 || kind === 0x05) await client.receive()
      else if (kind === 0xcb) await client.reply()
    }
    await client.closed()
    const ran = scene.gateway.calls.map((call) => call.function)
    assert.ok(ran.includes('STFC_CONNECTION') && ran.includes('Z_COUNT'), ran.join())
    assert.deepEqual(scene.auditLines, [])
  })
}

const python = process.env.LANDBRIDGE_PYRFC_PYTHON
const reason =
  'LANDBRIDGE_PYRFC_PYTHON names no Python with the module pyrfc (erpl-pyrfc, or PyRFC with the SDK of SAP): recorded bytes stood in for it'

test('a program with pyrfc, unchanged, gets its answer and reads the texts of a denial (RFC-069, RFC-050, RFC-051)', {
  skip: python === undefined ? reason : false,
}, async () => {
  assert.ok(python !== undefined)
  await using scene = await RfcScene.start()
  const server = createServer({ pauseOnConnect: true }, async (local) => {
    const { status, socket } = await scene.connect()
    const remote = socket.socket
    if (status !== 0) return void local.destroy()
    remote.removeAllListeners('data').on('close', () => local.destroy())
    local.on('error', () => {}).on('close', () => remote.destroy())
    local.pipe(remote)
    remote.pipe(local)
  })
  // Clients take a system number, not a port.
  const instance = await new Promise<string>((resolve, reject) => {
    let number = 10
    server.on('listening', () => resolve(String(number)))
    server.on('error', () =>
      ++number > 99 ? reject(new Error('no free port 33NN')) : server.listen(3_300 + number, '127.0.0.1'),
    )
    server.listen(3_300 + number, '127.0.0.1')
  })
  scene.plane.defer(() => server.close())
  const run = async (call: string): Promise<string> => {
    const program = `
from pyrfc import Connection
try:
    c = Connection(ashost='127.0.0.1', sysnr='${instance}', client='${demoUser.client}', user='${demoUser.user}', passwd='${demoUser.password}', lang='EN')
    print(${call})
    c.close()
except Exception as failure:
    print(failure)
`
    const { stdout, stderr } = await runChild(python, ['-c', program])
    return stdout + stderr
  }
  scene.expose(everything)
  assert.match(await run(`c.call('STFC_CONNECTION', REQUTEXT='hello')['ECHOTEXT']`), /^hello$/m)
  assert.match(await run(`c.call('Z_COUNT')['COUNT']`), /^1$/m)
  scene.expose()
  assert.match(
    await run(`c.call('STFC_CONNECTION', REQUTEXT='hello')`),
    /Access denied for STFC_CONNECTION on abap\.virtual:sapgw42\. Expose the function module in your Cloud Connector/,
  )
  scene.expose(everything, { blockedUsers: [{ client: '000', user: 'TECHUSER' }] })
  assert.match(await run('1'), /Access denied for user TECHUSER in client 000 on abap\.virtual:sapgw42\./)
  scene.expose(everything, { protocol: 'RFCS' })
  assert.match(await run('1'), /needs the cryptographic library of SAP/)
})
