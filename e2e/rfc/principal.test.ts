import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticationModes } from '@landbridge/access'
import { Propagator, SubaccountPropagation } from '@landbridge/connector'
import { silentLog, systemClock } from '@landbridge/kernel'
import { demoUser } from '@landbridge/testkit'
import { functionModule, RfcScene } from './scene.ts'

test('the token of a user is verified in the connector as for HTTP: issuer, signature, expiry and tenant, business and technical users (RFC-140, SCC-214)', async () => {
  await using scene = await RfcScene.start()
  const propagation = new SubaccountPropagation(new Propagator(systemClock, silentLog), 'acme', 'region.test')
  scene.plane.connector.context.verifyUser = propagation.verify
  const refusedWith = async (token: string, text: RegExp, reason: string): Promise<void> => {
    const client = await scene.client({ token })
    await assert.rejects(client.logOn(demoUser), text)
    assert.equal(scene.plane.connector.denied.at(-1)?.reason, reason)
  }
  const ada = await scene.plane.token({ userName: 'ada' })
  for (const protocol of ['RFC', 'RFCS'] as const) {
    scene.expose([functionModule('STFC_CONNECTION')], { protocol, authenticationMode: 'X509_GENERAL' })
    // The cloud side believes the token; this connector has not been told to.
    propagation.configure([])
    await refusedWith(
      ada,
      /does not trust the identity provider.*issuer https:.*On-premise administrator/,
      'PROPAGATION_ISSUER',
    )
    const trusted = await scene.plane.trustedIssuer()
    propagation.configure([{ ...trusted, jwks: { keys: [] } }])
    await refusedWith(ada, /does not know the key/, 'PROPAGATION_KEY')
    propagation.configure([trusted])
    if (protocol === 'RFC') await refusedWith(ada, /cannot be propagated over RFC/, 'RFC_PROPAGATION')
    else await refusedWith(ada, /needs the cryptographic library of SAP/, 'RFC_SNC_UNAVAILABLE')
    // What the cloud side lets through is not believed here because of that.
    const verify = (userToken: string, technicalToken = '') =>
      propagation.verify({ ...nobody, userToken, technicalToken })
    const forged = `${ada.slice(0, -8)}AAAAAAAA`
    assert.equal((await verify(forged))?.code, 'PROPAGATION_SIGNATURE')
    assert.equal((await verify('', forged))?.code, 'PROPAGATION_SIGNATURE')
    const token = (changes: Parameters<typeof scene.plane.token>[0]) =>
      scene.plane.token({ userName: 'ada', ...changes })
    assert.equal((await verify(await token({ lifeSeconds: -3600 })))?.code, 'PROPAGATION_EXPIRED')
    assert.equal((await verify(await token({ tenant: 'other' })))?.code, 'PROPAGATION_TENANT')
    assert.equal(await verify(ada), null)
    assert.equal(await verify('', await scene.plane.token()), null)
  }
  assert.equal(scene.gateway.received.length, 0)
})

test('without a propagated user the principal type of the mapping is ignored: whoever is configured logs on (SCC-240)', async () => {
  await using scene = await RfcScene.start()
  for (const authenticationMode of authenticationModes) {
    scene.expose([functionModule('STFC_CONNECTION')], { authenticationMode })
    const client = await scene.loggedOn()
    const { exports } = await client.call('STFC_CONNECTION', { REQUTEXT: authenticationMode })
    assert.equal(exports.get('ECHOTEXT'), authenticationMode)
    client.close()
  }
})

const nobody = { kind: 0, virtualHost: '', virtualPort: 0, traceId: '', clientId: '' }
