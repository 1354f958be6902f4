import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { connectivityServiceConfigSchema, notificationsConfigSchema } from '@landbridge/connectivity-service'
import { destinationServiceConfigSchema } from '@landbridge/destination-service'
import { LocalCa } from '@landbridge/identity'
import { Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { callJson, temporaryFolder } from '@landbridge/testkit'
import { tokenServiceConfigSchema } from '@landbridge/token-service'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type RunningCloud, startCloud } from '../src/compose/cloud.ts'
import { cloudIdentitySchema } from '../src/compose/identity-config.ts'

const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'
const authority = await LocalCa.create({ subject: { CN: 'Test CA' } })
const sealer = new Sealer(randomBytes(32))

/** Defaults of a component, on any free port. */
function configOf<T>(schema: TSchema, more: object): T {
  const defaults = Value.Default(schema, {}) as object // every key has a default
  return { ...defaults, port: 0, ...more } as T
}

type SamlIssuers = readonly { metadata: string; subaccountId: string; origin: string }[]

function start(folder: string, samlIssuers: SamlIssuers): Promise<RunningCloud> {
  return startCloud({
    config: {
      identity: configOf(cloudIdentitySchema, {}),
      notifications: configOf(notificationsConfigSchema, {}),
      tokenService: configOf(tokenServiceConfigSchema, { samlIssuers }),
      destinationService: configOf(destinationServiceConfigSchema, {
        privateTokenServices: 'allow',
        trustKeySize: 2048,
      }),
      connectivityService: configOf(connectivityServiceConfigSchema, {}),
    },
    storeUrl: `sqlite:${folder}/cloud.db`,
    sealer,
    authority,
    proxy: { host: 'localhost', httpPort: 1, socks5Port: 2, rfcLdapPort: 3 },
    clock: systemClock,
    log: silentLog,
  })
}

function tokenServiceOf({ tokenService }: RunningCloud) {
  assert.ok(tokenService)
  return tokenService
}

interface Client {
  readonly id: string
  readonly secret: string
}

async function createClient(cloud: RunningCloud, subaccountId: string, service: string, plan: string): Promise<Client> {
  const { registry } = cloud.connectivityService
  const parameters = service === 'xsuaa' ? { parameters: { xsappname: `app-${subaccountId.slice(0, 8)}` } } : {}
  const instance = await registry.createInstance({ subaccountId, service, plan, name: `${service}-1`, ...parameters })
  const { binding } = await registry.createBinding({ instanceId: instance.id, name: 'key' })
  return { id: binding.clientId, secret: binding.clientSecret?.reveal() ?? '' }
}

async function tokenOf(cloud: RunningCloud, client: Client, grant: Record<string, string>): Promise<string> {
  const answer = await callJson({
    method: 'POST',
    url: `${tokenServiceOf(cloud).url}/oauth/token`,
    headers: {},
    body: new URLSearchParams({ client_id: client.id, client_secret: client.secret, ...grant }),
    ca: authority.certificatePem,
  })
  assert.equal(answer.status, 200, answer.text)
  return String(answer.json.access_token)
}

function call(cloud: RunningCloud, method: string, path: string, token: string, more: object = {}) {
  const url = `${cloud.destinationService.url}/destination-configuration/v1${path}`
  return callJson({ method, url, headers: { authorization: `Bearer ${token}` }, ...more })
}

test('a user of one subaccount arrives in another by a SAML destination, with the token service of the platform at both ends (CONN-176, CONN-219)', async () => {
  using folder = temporaryFolder()
  const first = await start(folder.path, [])
  const { registry, users } = first.connectivityService
  const home = await registry.createSubaccount({ subdomain: 'home', displayName: 'Home' })
  const target = await registry.createSubaccount({ subdomain: 'target', displayName: 'Target' })
  const login = await createClient(first, home.id, 'xsuaa', 'application')
  const destination = await createClient(first, home.id, 'destination', 'lite')
  const application = await createClient(first, target.id, 'xsuaa', 'application')
  await users.createUser({
    subaccountId: home.id,
    userName: 'jane',
    email: 'jane@corp.test',
    givenName: 'Jane',
    familyName: "O'Hara & <Sons>",
    password: 'Secret-12345',
    roleCollections: [],
  })
  const technical = { grant_type: 'client_credentials' }
  const trust = await call(first, 'POST', '/saml2Metadata/certificate', await tokenOf(first, destination, technical))
  assert.equal(trust.status, 200, trust.text)
  const metadata = await call(first, 'GET', '/saml2Metadata', await tokenOf(first, destination, technical))
  await first.close()

  const metadataXml = Buffer.from(String(metadata.json.idpMetadata), 'base64').toString()
  const issuer = { metadata: metadataXml, subaccountId: target.id, origin: 'home' }
  const cloud = await start(folder.path, [issuer])
  try {
    const serviceToken = await tokenOf(cloud, destination, technical)
    const audience = `target.${tokenServiceOf(cloud).uaaDomain}`
    const created = await call(cloud, 'POST', '/subaccountDestinations', serviceToken, {
      body: {
        Name: 'target-app',
        Type: 'HTTP',
        URL: 'https://app.target.test',
        Authentication: 'OAuth2SAMLBearerAssertion',
        audience,
        clientKey: application.id,
        tokenServiceURL: `https://${tokenServiceOf(cloud).uaaDomain}/oauth/token/alias/${audience}`,
        tokenServiceUser: application.id,
        tokenServicePassword: application.secret,
        authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
        nameIdFormat: emailFormat,
      },
    })
    assert.equal(created.status, 201, created.text)
    const user = await tokenOf(cloud, login, { grant_type: 'password', username: 'jane', password: 'Secret-12345' })
    const headers = { authorization: `Bearer ${serviceToken}`, 'x-user-token': user }
    const found = await call(cloud, 'GET', '/destinations/target-app', serviceToken, { headers })
    assert.equal(found.status, 200, found.text)
    const [token] = found.json.authTokens as { value: string; type: string; error?: string; expires_in: string }[]
    assert.equal(token?.error, undefined)
    assert.equal(token?.type, 'Bearer')
    assert.ok(Number(token.expires_in) > 0)
    const claims = JSON.parse(Buffer.from(token.value.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(claims.zid, target.id)
    assert.equal(claims.client_id, application.id)
    assert.equal(claims.user_name, 'jane@corp.test')
    assert.equal(claims.email, 'jane@corp.test')
    assert.equal(claims.given_name, 'Jane')
    assert.equal(claims.family_name, "O'Hara & <Sons>")
    assert.equal(claims.origin, 'home')
    assert.deepEqual(claims['xs.system.attributes']['xs.rolecollections'], [])

    // After a renewal nobody has told the target about, the old trust no longer helps.
    assert.equal((await call(cloud, 'POST', '/saml2Metadata/certificate', serviceToken)).status, 200)
    const refused = await call(cloud, 'GET', '/destinations/target-app', serviceToken, { headers })
    const [failed] = refused.json.authTokens as { error?: string }[]
    assert.match(failed?.error ?? '', /signature is not valid/)
  } finally {
    await cloud.close()
  }
})
