import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { certificateFacts } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { ann, ca, claimsOf, password, startTestService, tenants, testClients } from './test-service.ts'

const folder = temporaryFolder()
after(() => folder[Symbol.dispose]())
const authority = join(folder.path, 'ca.pem')
writeFileSync(authority, ca.certificatePem)

for (const signingAlgorithm of ['RS256', 'ES256'] as const)
  test(`@sap/xssec fetches tokens and validates ours signed with ${signingAlgorithm}, with default settings (RC-016, RC-018, RC-019, RC-020, RC-021, RC-022, RC-023, RC-029, RC-036, RC-037, RC-038, RC-044, RC-049)`, async () => {
    const leaf = await ca.issueClient({ subject: { CN: 'app' }, days: 30, rsaBits: 2048 })
    const service = await startTestService({
      clock: systemClock,
      config: { signingAlgorithm },
      clients: testClients({ certificateThumbprints: [certificateFacts(leaf.cert).thumbprint] }),
    })
    const input = {
      uaaDomain: service.app.uaaDomain,
      zid: tenants[1]!.id,
      user: ann.userName,
      password,
      x509: { certificate: leaf.cert, key: leaf.key },
    }
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority, TEST_INPUT: JSON.stringify(input) }
    const script = join(import.meta.dirname, 'xssec-client.mjs')
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env, timeout: 60_000 })
    await service.close()
    const { zid, subdomain, certificate, ...outcome } = JSON.parse(stdout)
    assert.equal(claimsOf(zid).zid, tenants[1]!.id)
    assert.equal(claimsOf(subdomain).zid, tenants[1]!.id)
    assert.equal(claimsOf(certificate).zid, tenants[1]!.id)
    assert.deepEqual(outcome, {
      expiresIn: 43199,
      clientId: 'sb-app!t1',
      user: [ann.userName, ann.email, ann.givenName, ann.origin],
      subaccount: 'sub1',
      scope: true,
      exchanged: ann.userName,
      foreign: 'WrongAudienceError',
      tampered: 'InvalidTokenSignatureError',
      unknownTenant: 400,
      identity: 43199,
    })
  })
