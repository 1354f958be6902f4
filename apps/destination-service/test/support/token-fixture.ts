import assert from 'node:assert/strict'
import type { NewUrl } from './databases.ts'
import { type OAuthServer, startOAuthServer, type TokenCall } from './oauth-server.ts'
import { startService, type TestService } from './service.ts'
import type { StoredCertificates } from './stored-certificates.ts'

export interface Token {
  readonly type: string
  readonly value: string
  readonly http_header: { key: string; value: string }
  readonly expires_in?: string
  readonly scope?: string
  readonly refresh_token?: string
  readonly issued_token_type?: string
  readonly error?: string
}

interface Found {
  readonly status: number
  readonly authTokens: readonly Token[] | undefined
  readonly configuration: Record<string, string>
  readonly certificates: readonly { Name: string; Content: string; Type: string }[] | undefined
}

interface FindRequest {
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly query?: string
}

/** The service and a foreign token service, fresh for every test, and what tests do with the two. */
export class TokenFixture {
  readonly service: TestService
  readonly certificates: StoredCertificates
  oauth: OAuthServer
  #next: number

  private constructor(service: TestService, oauth: OAuthServer) {
    this.certificates = service.certificates
    this.service = service
    this.oauth = oauth
    this.#next = 1
  }

  static async start(newUrl: NewUrl, more: Parameters<typeof startService>[1] = {}): Promise<TokenFixture> {
    const service = await startService(await newUrl(), more)
    return new TokenFixture(service, await startOAuthServer())
  }

  async renewOAuthServer(): Promise<void> {
    await this.oauth.close()
    this.oauth = await startOAuthServer()
  }

  async close(): Promise<void> {
    await this.oauth.close()
    await this.service.close()
  }

  /** Stores a destination under a fresh name. */
  put = async (properties: Record<string, string>): Promise<string> => {
    const Name = `d${this.#next++}`
    const body = { Name, Type: 'HTTP', URL: 'https://erp.example.test', ProxyType: 'Internet', ...properties }
    const reply = await this.service.call('POST', '/subaccountDestinations', { body })
    assert.equal(reply.status, 201, reply.text)
    return Name
  }

  clientCredentials = (more: Record<string, string> = {}): Promise<string> =>
    this.put({
      Authentication: 'OAuth2ClientCredentials',
      clientId: 'sb-app!b1|x!b2',
      clientSecret: 's3cr3t-value',
      tokenServiceURL: `${this.oauth.url}/oauth/token`,
      ...more,
    })

  find = async (name: string, options: FindRequest = {}): Promise<Found> => {
    const reply = await this.service.call('GET', `/destinations/${name}${options.query ?? ''}`, options)
    const body = (reply.body ?? {}) as {
      authTokens?: Token[]
      destinationConfiguration: Record<string, string>
      certificates?: Found['certificates']
    }
    return {
      status: reply.status,
      authTokens: body.authTokens,
      configuration: body.destinationConfiguration,
      certificates: body.certificates,
    }
  }

  /** The only entry of `authTokens`. */
  token = async (name: string, options: FindRequest = {}): Promise<Token> => {
    const found = await this.find(name, options)
    assert.equal(found.status, 200)
    assert.equal(found.authTokens?.length, 1)
    return found.authTokens![0]!
  }

  /** The reason why there is no token, without the fixed words before it. */
  failure = async (name: string, options: FindRequest = {}): Promise<string> => {
    const { error, ...rest } = await this.token(name, options)
    assert.deepEqual(rest, { type: '', value: '', http_header: { key: '', value: '' }, expires_in: '0' })
    assert.match(error ?? '', /^Retrieval of OAuthToken failed due to: /)
    return error!.slice('Retrieval of OAuthToken failed due to: '.length)
  }

  /** The one request that the token service got. */
  only = (): TokenCall => {
    assert.equal(this.oauth.calls.length, 1)
    return this.oauth.calls[0]!
  }
}
