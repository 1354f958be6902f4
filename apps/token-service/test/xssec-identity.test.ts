import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { certificateFacts } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { identityClient } from './identity-client.ts'
import { ann, ca, claimsOf, password, startTestService, tenants, testClients } from './test-service.ts'

const folder = temporaryFolder()
after(() => folder[Symbol.dispose]())

test('@sap/xssec, unchanged, fetches tokens of the identity issuer and validates them by an issuer that is https, has no trailing slash and stands one label below its domains (RC-048, RC-049)', async () => {
  const authority = join(folder.path, 'ca.pem')
  writeFileSync(authority, ca.certificatePem)
  const leaf = await ca.issueClient({ subject: { CN: 'app' }, days: 30, rsaBits: 2048 })
  const app = identityClient({ certificateThumbprints: [certificateFacts(leaf.cert).thumbprint] })
  const other = identityClient({ clientId: 'c4f5b3c9-5a52-4d43-8f0c-1d1d0f6f0002', instanceId: 'inst-other' })
  const service = await startTestService({ clock: systemClock, clients: [...testClients(), app, other] })
  const { identityDomain, uaaDomain } = service.app
  const url = `https://sub1.${identityDomain}`
  const credentials = {
    clientid: app.clientId,
    clientsecret: 'ids',
    url,
    domains: [identityDomain],
    app_tid: tenants[0]!.id,
  }
  const input = {
    credentials,
    x509: { certificate: leaf.cert, key: leaf.key },
    other: { ...credentials, clientid: other.clientId },
    xsuaa: {
      url: `https://sub1.${uaaDomain}`,
      uaadomain: uaaDomain,
      clientid: 'sb-app!t1',
      clientsecret: 's1+/=',
      xsappname: 'app!t1',
    },
    subscriber: tenants[1]!.id,
    user: ann.userName,
    password,
  }
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority, TEST_INPUT: JSON.stringify(input) }
  const script = join(import.meta.dirname, 'xssec-identity-client.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env, timeout: 60_000 })
  await service.close()
  const { technical, user, subscriber, ...outcome } = JSON.parse(stdout)
  assert.equal(claimsOf(technical).iss, url)
  assert.equal(claimsOf(user).iss, url)
  assert.equal(claimsOf(subscriber).iss, `https://sub2.${identityDomain}`)
  assert.equal(claimsOf(subscriber).app_tid, tenants[1]!.id)
  assert.deepEqual(outcome, {
    expiresIn: 43199,
    clientId: app.clientId,
    seen: [ann.email, ann.givenName, 'user', tenants[0]!.id, null],
    idToken: 'accepted',
    exchanged: ann.id,
    ofSubscriber: 'accepted',
    certificate: 'accepted',
    foreign: 'WrongAudienceError',
    tampered: 'InvalidTokenSignatureError',
    elsewhere: 'UntrustedIssuerError',
    issuers: ['accepted', 'UntrustedIssuerError', 'UntrustedIssuerError', 'UntrustedIssuerError'],
    forXsuaa: ann.userName,
  })
})
