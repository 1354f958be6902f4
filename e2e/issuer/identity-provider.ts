import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { LocalCa } from '@landbridge/identity'
import { callJson } from '@landbridge/testkit'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { errors, Provider } from 'oidc-provider'

export const resource = 'https://landbridge.example/api'
export const otherResource = 'https://another.example/api'
export const tenantClaim = 'https://claims.example/tenant'

export interface TokenWish {
  readonly clientId: string
  /** A user who logs in; absent for a token of the client itself. */
  readonly user?: string
  /** Default: the API that the platform is configured with. */
  readonly resource?: string
}

/** Tenant of each client, as this provider names it. */
export type Clients = Readonly<Record<string, string>>

/** `oidc-provider` over https: an issuer that knows nothing of the platform. */
export class IdentityProvider implements AsyncDisposable {
  readonly issuer: string
  readonly secret = 'a-secret-that-only-the-provider-and-the-client-know'
  readonly #server: Server
  readonly #ca: LocalCa
  readonly #clients: Clients
  #handle: ReturnType<Provider['callback']>
  #key: JWK

  private constructor(server: Server, ca: LocalCa, clients: Clients) {
    this.issuer = `https://localhost:${(server.address() as AddressInfo).port}`
    this.#server = server
    this.#ca = ca
    this.#clients = clients
    this.#handle = async () => {}
    this.#key = {}
    server.on('request', (request, response) => void this.#handle(request, response))
  }

  static async start(ca: LocalCa, clients: Clients): Promise<IdentityProvider> {
    const server = createServer(await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const provider = new IdentityProvider(server, ca, clients)
    await provider.rotate()
    return provider
  }

  /** From now on everything is signed with a new key; the old one is no longer published. */
  async rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    this.#key = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' }
    const provider = newProvider(this.issuer, this.#key, this.#clients, this.secret)
    this.#handle = provider.callback()
  }

  get keyId(): string {
    return String(this.#key.kid)
  }

  /** A token from the token endpoint. */
  async token({ clientId, user, ...wish }: TokenWish): Promise<string> {
    const { status, json, text } = await callJson({
      method: 'POST',
      url: `${this.issuer}/token`,
      ca: this.#ca.certificatePem,
      body: new URLSearchParams({
        ...(user === undefined ? { grant_type: 'client_credentials' } : { grant_type: 'test:login', username: user }),
        client_id: clientId,
        client_secret: this.secret,
        ...(wish.resource === undefined ? {} : { resource: wish.resource }),
      }),
    })
    if (status !== 200) throw new Error(`the identity provider answered ${status}: ${text}`)
    return String(json.access_token)
  }

  /** A token that the provider would never issue, signed with its key unless another one is given. */
  async forge(claims: JWTPayload, key: JWK = this.#key): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({ iss: this.issuer, aud: resource, iat: now, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: this.keyId, typ: 'at+jwt' })
      .sign(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function newProvider(issuer: string, key: JWK, clients: Clients, secret: string): Provider {
  const provider = new Provider(issuer, {
    // The library has a type of its own for keys, with the same content.
    jwks: { keys: [key as never] },
    clients: Object.keys(clients).map((client_id) => ({
      client_id,
      client_secret: secret,
      grant_types: ['client_credentials', 'test:login'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: (_context, audience) => ({
          scope: '',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    extraTokenClaims: (_context, token) => ({
      [tenantClaim]: clients[token.clientId ?? ''],
      ...(token.kind === 'AccessToken' ? { email: token.accountId } : {}),
    }),
  })
  // A user logs in without a browser; what comes out is an ordinary access token.
  provider.registerGrantType(
    'test:login',
    async (context) => {
      const { client, params } = context.oidc
      const accountId = String(params?.username)
      if (client === undefined) throw new errors.InvalidClient('no client')
      const grant = new provider.Grant({ accountId, clientId: client.clientId })
      const token = new provider.AccessToken({
        accountId,
        client,
        grantId: await grant.save(),
        gty: 'test:login',
      } as never)
      token.resourceServer = new provider.ResourceServer(resource, {
        scope: '',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'RS256' } },
      })
      context.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration }
    },
    ['username'],
  )
  return provider
}
