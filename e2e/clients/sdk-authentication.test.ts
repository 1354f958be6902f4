import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { LocalCa, writePkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import {
  type CertificateBackend,
  callJson,
  type ReadAssertion,
  readAssertion,
  startCertificateBackend,
  startPlatform,
  type TestPlatform,
} from '@landbridge/testkit'
import { createDestination } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { type Customer, customerToken, newCustomer, subscribeToDemo } from './support/customer.ts'
import { SdkApplication, type SdkCall } from './support/sdk-application.ts'
import { type GrantSeen, grantOf, startTokenEndpoint, type TokenEndpoint } from './support/token-endpoint.ts'
import { claimsOf, fetchToken, technicalToken, userToken } from './support/tokens.ts'

let platform: TestPlatform
let api: Backend
let tokens: TokenEndpoint
let secured: CertificateBackend
let customer: Customer
let sdk: SdkApplication

/** Tenants of the application: its own and one that subscribed. */
interface Party {
  readonly name: string
  /** Undefined for the provider. */
  readonly tenant: string | undefined
  readonly userName: string
  readonly jwt: string
}
const parties: Party[] = []

const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

before(async () => {
  ;[platform, api, tokens] = await Promise.all([startPlatform(), startBackend('api'), startTokenEndpoint()])
  customer = await newCustomer(platform, 'customer')
  await subscribeToDemo(platform, customer)
  const { name: userName } = platform.credentials.user
  parties.push({ name: 'the provider', tenant: undefined, userName, jwt: await userToken(platform) })
  const { id: tenant, user } = customer
  parties.push({ name: 'a subscriber', tenant, userName: user.name, jwt: await customerToken(platform, customer) })
  const authority = await LocalCa.create({ subject: { CN: 'Clients' } })
  secured = await startCertificateBackend(authority.certificatePem)
  const { cert, key } = await authority.issueClient({ subject: { CN: 'client-of-the-api' }, days: 1, rsaBits: 2_048 })
  const store = await writePkcs12({ chain: cert, key, alias: 'api', password: new Secret('store-password') })
  for (const party of parties) {
    await configure('POST', 'saml2Metadata/certificate', party)
    await configure('POST', 'subaccountCertificates', party, {
      Name: 'client.p12',
      Content: store.toString('base64'),
    })
    await configure('POST', 'subaccountCertificates', party, {
      Name: 'server.pem',
      Content: Buffer.from(secured.ca).toString('base64'),
    })
    await createDestinations(party)
  }
  sdk = await SdkApplication.start(platform)
})

after(async () => {
  await sdk?.[Symbol.asyncDispose]()
  await platform?.stop()
  await secured?.close()
  await Promise.all([api, tokens].map((one) => one?.[Symbol.asyncDispose]()))
})

async function configure(method: string, path: string, { tenant }: Party, body?: object) {
  const answer = await callJson({
    method,
    url: `${platform.binding('destination').uri}/destination-configuration/v1/${path}`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination', tenant)}` },
    ...(body === undefined ? {} : { body }),
  })
  assert.ok(answer.status < 300, `${path} ${answer.status} ${answer.text}`)
  return answer
}

async function createDestinations({ tenant }: Party): Promise<void> {
  const { clientid = '', clientsecret = '', uaadomain } = platform.binding('xsuaa')
  const subdomain = tenant === undefined ? 'demo' : customer.subdomain
  const tokenServiceURL = tokens.url
  const own = { tokenServiceURL: `https://${subdomain}.${uaadomain}/oauth/token`, clientId: clientid }
  const saml = { audience: 'api.example', authnContextClassRef: 'urn:x', nameIdFormat: emailFormat }
  const client = { tokenServiceURL, clientId: 'c', clientSecret: 's' }
  const destinations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    NoAuthentication: {},
    BasicAuthentication: { User: 'u', Password: 'p' },
    ClientCertificateAuthentication: {
      URL: `https://127.0.0.1:${secured.port}`,
      KeyStoreLocation: 'client.p12',
      KeyStorePassword: 'store-password',
      TrustStoreLocation: 'server.pem',
    },
    OAuth2ClientCredentials: client,
    OAuth2Password: { ...client, User: 'technical', Password: 'pw' },
    OAuth2RefreshToken: client,
    OAuth2UserTokenExchange: { ...own, clientSecret: clientsecret },
    OAuth2JWTBearer: { ...own, clientSecret: clientsecret },
    OAuth2SAMLBearerAssertion: { tokenServiceURL, clientKey: 'key', ...saml },
    SAMLAssertion: saml,
  }
  for (const [Authentication, more] of Object.entries(destinations)) {
    const base = { Name: Authentication, Authentication, URL: api.url, ProxyType: 'Internet' }
    await createDestination(platform, { ...base, ...more }, tenant)
  }
  const systemUser = { ...saml, tokenServiceURL, clientKey: 'key', SystemUser: 'ROBOT', userIdSource: '' }
  const Authentication = 'OAuth2SAMLBearerAssertion'
  const robot = { Name: 'system-user', Authentication, URL: api.url, ProxyType: 'Internet', ...systemUser }
  await createDestination(platform, robot, tenant)
}

/** Calls the API and returns the headers that arrived. */
async function arrived(party: Party, destination: string, more: Partial<SdkCall> = {}) {
  const url = `/${destination}/${party.tenant ?? 'own'}`
  const given = { destination, jwt: party.jwt, strategy: strategyOf(party), request: { url }, ...more }
  const { status, failure } = await sdk.call(given)
  assert.equal(status, 200, `${destination}: ${failure}`)
  return api.seen.findLast(({ path }) => path === url)?.headers ?? {}
}

function strategyOf({ tenant }: Party): NonNullable<SdkCall['strategy']> {
  return tenant === undefined ? 'alwaysProvider' : 'alwaysSubscriber'
}

const grant = async (party: Party, name: string, more?: Partial<SdkCall>): Promise<GrantSeen> =>
  grantOf(String((await arrived(party, name, more)).authorization))

for (const index of [0, 1])
  describe(`the SAP Cloud SDK calls with every authentication, as ${['the provider', 'a subscriber'][index]}`, () => {
    const party = () => parties[index]!

    test('without any, and with user and password (CONN-074)', async () => {
      assert.equal((await arrived(party(), 'NoAuthentication')).authorization, undefined)
      const { authorization } = await arrived(party(), 'BasicAuthentication')
      assert.equal(authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
    })

    test('with a client certificate of a key store, and a trust store (RC-064, RC-077)', async () => {
      const { status, data, failure } = await sdk.call({
        destination: 'ClientCertificateAuthentication',
        jwt: party().jwt,
        strategy: strategyOf(party()),
        request: { url: '/' },
      })
      assert.deepEqual([status, data?.tls], [200, 'client-of-the-api'], failure)
    })

    test('with tokens of a client and of a technical user (RC-058, RC-059)', async () => {
      const technical = await grant(party(), 'OAuth2ClientCredentials')
      assert.equal(technical.form.grant_type, 'client_credentials')
      const { form } = await grant(party(), 'OAuth2Password')
      assert.deepEqual([form.grant_type, form.username, form.password], ['password', 'technical', 'pw'])
    })

    test('with a refresh token of the application (RC-072)', async () => {
      const { form } = await grant(party(), 'OAuth2RefreshToken', { lookup: { refreshToken: 'mine' } })
      assert.deepEqual([form.grant_type, form.refresh_token], ['refresh_token', 'mine'])
    })

    test('with the token of the user, exchanged (CONN-038, CONN-039, RC-060)', async () => {
      for (const name of ['OAuth2UserTokenExchange', 'OAuth2JWTBearer']) {
        const { authorization = '' } = await arrived(party(), name)
        const claims = claimsOf(authorization.replace('Bearer ', ''))
        assert.deepEqual([claims.user_name, claims.zid], [party().userName, claimsOf(party().jwt).zid], name)
      }
    })

    test('with an assertion about the user, for a token and as it is (RC-063)', async () => {
      const { form } = await grant(party(), 'OAuth2SAMLBearerAssertion')
      assert.equal(form.grant_type, 'urn:ietf:params:oauth:grant-type:saml2-bearer')
      assert.equal(assertionIn(form.assertion).nameId, party().userName)
      const headers = await arrived(party(), 'SAMLAssertion')
      assert.equal(headers['x-sap-security-session'], 'create')
      const [scheme, assertion] = String(headers.authorization).split(' ')
      assert.equal(scheme, 'SAML2.0')
      assert.equal(assertionIn(assertion).nameId, party().userName)
    })
  })

/** Find with only an Authorization header, as the scenarios of guide L13676 do. */
async function nameIdFor(name: string, token: string): Promise<string> {
  const answer = await callJson({
    url: `${platform.binding('destination').uri}/destination-configuration/v1/destinations/${name}`,
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(answer.status, 200, answer.text)
  const [found] = answer.json.authTokens as readonly { value: string; error?: string }[]
  assert.equal(found?.error, undefined)
  return assertionIn(grantOf(found?.value ?? '').form.assertion).nameId
}

test('the four scenarios of SAML bearer destinations work: technical and business user, in the provider and in a subscriber (CONN-197)', async () => {
  for (const { tenant, jwt, userName, name } of parties) {
    const technical = await technicalToken(platform, 'destination', tenant)
    assert.equal(await nameIdFor('system-user', technical), 'ROBOT', name)
    const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: jwt }
    const user = await fetchToken(platform, 'destination', exchange, tenant)
    assert.equal(claimsOf(user).zid, claimsOf(jwt).zid)
    assert.equal(await nameIdFor('OAuth2SAMLBearerAssertion', user), userName, name)
  }
})

function assertionIn(encoded = ''): ReadAssertion {
  return readAssertion(Buffer.from(encoded, 'base64').toString())
}
