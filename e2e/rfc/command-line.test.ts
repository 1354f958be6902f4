import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ClassicClient, demoUser, repository, runUntilReady, startChild, startPlatform } from '@landbridge/testkit'
import { administrate, createDestination, regionHost } from '../clients/support/administration.ts'

test('with a local port and the emulated gateway, both from the command line, an RFC client gets its answer (RFC-072, RFC-192)', async () => {
  const script = `${repository}/testkit/src/abap-gateway/main.ts`
  const gateway = startChild(process.execPath, ['--disable-warning=ExperimentalWarning', script, '--port', '0'])
  const exit = once(gateway, 'exit')
  const [line] = (await once(gateway.stdout!.setEncoding('utf8'), 'data')) as [string]
  const localPort = /gateway on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? ''
  const platform = await startPlatform()
  try {
    await createDestination(platform, {
      Name: 'erp',
      Type: 'RFC',
      'jco.client.ashost': 'abap.virtual',
      'jco.client.sysnr': '42',
      'jco.client.client': '000',
      'jco.client.user': demoUser.user,
      'jco.client.passwd': demoUser.password,
    })
    const options = ['--port', '0', '--json', '--data', platform.dataDirectory]
    const forward = await runUntilReady(['rfc-forward', 'erp', ...options])
    const { port } = JSON.parse(forward.output) as { port: number }
    const early = await ClassicClient.connect(port)
    await assert.rejects(early.logOn(demoUser), /Opening connection to abap\.virtual:sapgw42 denied/)
    const mappings = `/subaccounts/${regionHost}/${platform.binding('xsuaa').subaccountid}/systemMappings`
    await administrate(platform, 'POST', mappings, {
      virtualHost: 'abap.virtual',
      virtualPort: 'sapgw42',
      localHost: '127.0.0.1',
      localPort,
      protocol: 'RFC',
      backendType: 'abapSys',
      authenticationMode: 'NONE',
    })
    const resource = { id: 'STFC_CONNECTION', enabled: true, exactMatchOnly: true, websocketUpgradeAllowed: false }
    await administrate(platform, 'POST', `${mappings}/abap.virtual:sapgw42/resources`, resource)
    const client = await ClassicClient.connect(port)
    await client.logOn(demoUser)
    const { exports } = await client.call('STFC_CONNECTION', { REQUTEXT: 'hello' })
    assert.equal(exports.get('ECHOTEXT'), 'hello')
    client.close()
    const taken = await runUntilReady([
      'rfc-forward',
      'erp',
      '--port',
      String(port),
      '--data',
      platform.dataDirectory,
    ]).then(
      () => assert.fail('it must not start'),
      (failure: Error) => failure.message,
    )
    assert.match(taken, /PORT_IN_USE/)
    await assert.rejects(
      runUntilReady(['rfc-forward', 'demo-backend', ...options]),
      /CLI_DESTINATION_UNUSABLE.*its Type is HTTP, expected RFC/,
    )
    assert.equal(await forward.stop(), 0)
  } finally {
    await platform.stop()
    gateway.kill()
    await exit
  }
})
