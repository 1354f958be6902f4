import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { callJson, onEveryDatabase } from '@landbridge/testkit'
import { defineHostileInput, type Target } from './attack/index.ts'
import { type HostileCloud, jsonOf, startHostileCloud } from './cloud.ts'

await onEveryDatabase((newUrl) => {
  let scene: HostileCloud
  let target: Target
  before(async () => {
    scene = await startHostileCloud(await newUrl())
    target = await targetOf(scene)
  })
  after(() => scene?.close())

  defineHostileInput(() => target, { bodies: 250, paths: 150 })
})

async function targetOf({ cloud, common, routesOf, token }: HostileCloud): Promise<Target> {
  const { url } = cloud.destinationService
  const headers = { authorization: `Bearer ${await token('destination')}` }
  const own = {
    Name: 'own',
    Type: 'HTTP',
    URL: 'http://x.test',
    ProxyType: 'Internet',
    Authentication: 'NoAuthentication',
  }
  for (const level of ['subaccount', 'instance'])
    for (const [kind, body] of [
      ['Destinations', own],
      ['DestinationFragments', { FragmentName: 'own', a: 'b' }],
      ['Certificates', { Name: 'own.pem', Content: Buffer.from(cloudPem(common.ca)).toString('base64') }],
      // The authority that signs generated ones is made for the first of them, refused or not.
      ['Certificates', { Name: 'made.pem', Attributes: {} }],
    ] as const) {
      const path = `${url}/destination-configuration/v1/${level}${kind}`
      const { status, text } = await callJson({ method: 'POST', url: path, headers, body })
      assert.equal(status, 201, text)
    }
  return {
    ...common,
    url,
    routes: routesOf('/destination-configuration'),
    headers: () => headers,
    parameters: () => ['own', 'own.pem'],
    known: ['own', 'own.pem', 'HTTP', 'Internet', 'OnPremise', 'NoAuthentication', 'http://x.test', ...common.known],
    // The error body of the published contract.
    isErrorBody: (answer) => {
      const body = jsonOf(answer)
      return body !== undefined && Object.keys(body).length === 1 && typeof body.ErrorMessage === 'string'
    },
  }
}

function cloudPem(ca: string | undefined): string {
  assert.ok(ca !== undefined)
  return ca
}
