// An authorization server that is not ours: oidc-provider, over TLS, in a process of its own. Reads its settings as JSON
// from the environment, prints its port. `/test/code` gives the code that a login in a browser would have given.
import { createServer } from 'node:https'
import Provider from 'oidc-provider'

const { cert, key, clientCa, assertingKey } = JSON.parse(process.env.SETTINGS)
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const server = createServer({ cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: false })
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `https://localhost:${server.address().port}`

const grants = ['client_credentials', 'authorization_code', 'refresh_token', tokenExchange]
const web = { redirect_uris: ['https://app.test/cb'], response_types: ['code'], grant_types: grants }
const machine = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] }
const provider = new Provider(issuer, {
  clients: [
    { client_id: 'post', client_secret: 'post-secret-value', token_endpoint_auth_method: 'client_secret_post', ...web },
    { client_id: 'basic', client_secret: 'basic-secret-value', ...machine },
    {
      client_id: 'asserting',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [assertingKey] },
      ...machine,
    },
    {
      client_id: 'mutual',
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=mutual',
      tls_client_certificate_bound_access_tokens: true,
      ...machine,
    },
  ],
  scopes: ['openid', 'offline_access', 'api:read', 'api:write'],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'],
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      certificateBoundAccessTokens: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) =>
        property === 'tls_client_auth_subject_dn' && ctx.socket.getPeerX509Certificate()?.subject === expected,
    },
  },
  ttl: { AccessToken: 600, ClientCredentials: 300, RefreshToken: 3600 },
})

provider.registerGrantType(
  tokenExchange,
  async (ctx) => {
    const { client, params } = ctx.oidc
    const subject = await provider.AccessToken.find(params.subject_token)
    if (subject === undefined) {
      ctx.status = 400
      ctx.body = { error: 'invalid_request', error_description: 'the subject token is unknown' }
      return
    }
    const { AccessToken } = provider
    const token = new AccessToken({ client, accountId: subject.accountId, grantId: subject.grantId, gty: 'exchange' })
    ctx.oidc.entity('AccessToken', token)
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: token.expiration,
    }
  },
  ['subject_token', 'subject_token_type', 'audience', 'scope'],
)

async function newCode(challenge) {
  const client = await provider.Client.find('post')
  const grant = new provider.Grant({ clientId: 'post', accountId: 'jane' })
  grant.addOIDCScope('openid offline_access')
  const code = new provider.AuthorizationCode({
    client,
    accountId: 'jane',
    grantId: await grant.save(),
    redirectUri: 'https://app.test/cb',
    scope: 'openid offline_access',
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
  })
  return code.save()
}

provider.on('server_error', (_ctx, failure) => console.error(failure))
const serve = provider.callback()
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer)
  if (url.pathname !== '/test/code') return serve(request, response)
  response.end(await newCode(url.searchParams.get('challenge')))
})
console.log(JSON.stringify({ issuer }))
