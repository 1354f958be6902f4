import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { callJson, onEveryDatabase } from '@landbridge/testkit'
import fc from '@landbridge/testkit/properties'
import {
  anyText,
  defineHostileInput,
  type HostileAnswer,
  type RawBody,
  type Route,
  type Target,
} from './attack/index.ts'
import { type HostileCloud, jsonOf, startHostileCloud, user } from './cloud.ts'

const saml = 'urn:ietf:params:oauth:grant-type:saml2-bearer'
const jwt = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const grants = ['client_credentials', 'authorization_code', 'refresh_token', 'password', 'user_token', jwt, saml]
const names = [
  ...['grant_type', 'client_id', 'client_secret', 'username', 'password', 'assertion', 'code', 'refresh_token', 'zid'],
  ...[
    'scope',
    'redirect_uri',
    'code_verifier',
    'client_assertion',
    'client_assertion_type',
    'token_format',
    'resource',
  ],
  ...[
    'query',
    'form_token',
    'authorities',
    'response_type',
    'requested_token_type',
    'login_hint',
    'state',
    '__proto__',
  ],
]
/** What claims to be an assertion: entities that grow or read files, no XML, deep XML, two roots, no signature. */
const documents = [
  '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
  '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
  '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="a" Version="2.0"/>',
  `${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}`,
  '<a/><b/>',
  '<a',
  '\0',
  '<?xml version="1.0" encoding="utf-16"?><a/>',
].map((text) => Buffer.from(text).toString('base64url'))

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

async function targetOf({ cloud, common, tenant, routesOf }: HostileCloud): Promise<Target> {
  const { clientId, clientSecret } = tenant.bound.xsuaa.binding
  const client = { client_id: clientId, client_secret: clientSecret?.reveal() ?? '' }
  const url = cloud.tokenService?.url ?? ''
  const login = { grant_type: 'password', username: user.name, password: user.password }
  const form = new URLSearchParams({ ...client, ...login })
  const { json, text } = await callJson({ method: 'POST', url: `${url}/oauth/token`, ca: common.ca ?? '', body: form })
  assert.equal(typeof json.refresh_token, 'string', text)
  const known = [clientId, user.name, json.access_token, json.refresh_token, ...grants, ...documents, ...common.known]
  return {
    ...common,
    secrets: [...common.secrets, json.refresh_token],
    url,
    serverName: 'localhost',
    routes: routesOf('/oauth/token'),
    headers: () => ({}),
    parameters: () => ['tenant.localhost'],
    known,
    bodies: () => forms({ client, login, known }),
    isErrorBody,
  }
}

/** Forms in which some parameters are right, so that more than the first check is met; any may come twice. */
function forms(given: { client: object; login: object; known: readonly string[] }): fc.Arbitrary<RawBody> {
  const damaged = fc.tuple(fc.constantFrom(...given.known), fc.nat(400), anyText()).map(cutAt)
  const value = fc.oneof(anyText(given.known), damaged)
  const right = fc.constantFrom<object>({}, given.client, given.client, { ...given.client, ...given.login })
  const grant = fc.oneof(fc.constantFrom(...grants), anyText()).map((grant_type): object => ({ grant_type }))
  const others = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 })
  return fc.tuple(right, grant, fc.array(grant, { maxLength: 1 }), others).map(([some, first, second, more]) => {
    const pairs = [some, first, ...second].flatMap((part) => Object.entries(part) as [string, string][])
    const all = [...pairs, ...more].map(([name, text]): [string, string] => [name, text.toWellFormed()])
    return {
      body: new URLSearchParams(all).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }
  })
}

function cutAt([text, at, inserted]: [text: string, at: number, inserted: string]): string {
  return `${text.slice(0, at)}${inserted.slice(0, 50)}${text.slice(at + 1)}`
}

/** What programs call answers with OAuth error bodies, whatever else with a page for browsers, or such a body. */
function isErrorBody(answer: HostileAnswer, { url }: Route): boolean {
  const isForPrograms = /^\/(?:oauth\/token|saml|userinfo|token_keys|health|\.well-known)/.test(url)
  if (/^text\/html/.test(answer.headers['content-type'] ?? ''))
    return !isForPrograms && answer.text.startsWith('<!DOCTYPE html>')
  const body = jsonOf(answer)
  return typeof body?.error === 'string' && typeof body.error_description === 'string'
}
