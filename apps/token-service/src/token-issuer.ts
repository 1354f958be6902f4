import { createHash, randomUUID } from 'node:crypto'
import type { OAuthClient, SigningKeyRing, Tenant, TokenClaims } from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { TokenServiceConfig } from './config.ts'
import type { SealedValues } from './sealed-values.ts'
import type { UaaDomain } from './uaa-domain.ts'
import { claimsOfIdentity, type UserIdentity } from './user-identity.ts'

/** For whom and where a token is issued. */
export interface TokenTarget {
  readonly client: OAuthClient
  readonly tenant: Tenant
  /** Of the certificate that the client showed. */
  readonly thumbprint?: string | undefined
  /** `az_attr` of the parameter `authorities`, returned as it was given. */
  readonly authorizationAttributes?: Readonly<Record<string, unknown>> | undefined
  /** The parameters `resource` (RFC 8707). An XSUAA has none. */
  readonly resources?: readonly string[] | undefined
  /** Further members of the claim `ext_attr`. */
  readonly extension?: Readonly<Record<string, string>> | undefined
}

/** What is asked for on behalf of a user. */
export interface UserGrant {
  readonly user: UserIdentity
  readonly grantType: string
  /** The parameter `scope`; empty asks for everything. */
  readonly requestedScopes: readonly string[]
  /** Of the general scopes only those in this list; absent: all. Scopes of applications follow from the user's roles. */
  readonly generalScopes?: readonly string[] | undefined
  readonly withRefreshToken: boolean
  /** Comes back in an ID token. */
  readonly nonce?: string | undefined
}

/** What a refresh token stands for. */
export interface RefreshGrant {
  readonly clientId: string
  readonly tenantId: string
  readonly user: UserIdentity
  readonly scopes: readonly string[]
}

/** The answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'bearer'
  readonly expires_in: number
  readonly scope: string
  readonly jti: string
  readonly refresh_token?: string
  readonly id_token?: string
}

const allGeneralScopes = ['openid', 'uaa.user', 'user_attributes']

/** What issuers work with. */
export interface IssuerParts {
  readonly config: TokenServiceConfig
  readonly domain: UaaDomain
  readonly ring: SigningKeyRing
  readonly sealed: SealedValues
  readonly clock: Clock
}

/** Writes the tokens that SAP's client libraries expect from an XSUAA. */
export class TokenIssuer {
  readonly #parts: IssuerParts

  constructor(parts: IssuerParts) {
    this.#parts = parts
  }

  /**
   * A technical token.
   * @param held scopes that applications grant to the client
   * @throws PlatformError OAUTH_SCOPE_INVALID
   */
  forClient(
    target: TokenTarget,
    requestedScopes: readonly string[],
    held: readonly string[] = [],
  ): Promise<TokenAnswer> {
    const { clientId } = target.client
    const granted = chooseScopes(['uaa.resource', ...held], requestedScopes)
    return this.#sign(target, granted, { sub: clientId, authorities: granted, grant_type: 'client_credentials' })
  }

  /** A token with a user in it. @throws PlatformError OAUTH_SCOPE_INVALID */
  async forUser(target: TokenTarget, grant: UserGrant): Promise<TokenAnswer> {
    const { user, generalScopes } = grant
    const held = this.#scopesOf(user, target.client, generalScopes ?? allGeneralScopes)
    const granted = chooseScopes(held, grant.requestedScopes)
    const answer = await this.#sign(target, granted, {
      ...claimsOfIdentity(user),
      grant_type: grant.grantType,
      rev_sig: revocationSignature(target.client, user),
    })
    if (!grant.withRefreshToken) return answer
    return { ...answer, refresh_token: await this.refreshToken(target, user, granted) }
  }

  refreshToken(target: TokenTarget, user: UserIdentity, scopes: readonly string[]): Promise<string> {
    return newRefreshToken(this.#parts, target, user, scopes)
  }

  /** The scopes that a user holds towards a client, in general and by his role collections. */
  #scopesOf(user: UserIdentity, client: OAuthClient, general: readonly string[]): readonly string[] {
    const { roleCollectionScopes } = this.#parts.config
    const byRole = user.roleCollections.flatMap((name) =>
      Object.hasOwn(roleCollectionScopes, name) ? (roleCollectionScopes[name] ?? []) : [],
    )
    const ownScopes = byRole.map((scope) => scope.replaceAll('$XSAPPNAME', client.xsappname))
    return [...new Set([...allGeneralScopes.filter((scope) => general.includes(scope)), ...ownScopes])]
  }

  async #sign(target: TokenTarget, scopes: readonly string[], special: TokenClaims): Promise<TokenAnswer> {
    const { client, tenant, thumbprint, authorizationAttributes, extension } = target
    const { config, domain, ring, clock } = this.#parts
    const issuedAt = Math.floor(clock.now() / 1000)
    const jti = randomUUID().replaceAll('-', '')
    const claims: TokenClaims = {
      jti,
      ext_attr: {
        enhancer: 'XSUAA',
        subaccountid: tenant.id,
        zdn: tenant.subdomain,
        serviceinstanceid: client.instanceId,
        // Ours: client IDs of connectivity and connectivity_proxy have the same form, and proxies must tell them apart.
        service: client.service,
        ...extension,
      },
      ...special,
      scope: scopes,
      client_id: client.clientId,
      cid: client.clientId,
      azp: client.clientId,
      iat: issuedAt,
      exp: issuedAt + config.accessTokenSeconds,
      iss: domain.issuerOf(tenant.subdomain),
      zid: tenant.id,
      aud: audienceFor(client, scopes),
      ...(authorizationAttributes === undefined ? {} : { az_attr: authorizationAttributes }),
      ...(thumbprint === undefined ? {} : { cnf: { 'x5t#S256': thumbprint } }),
    }
    const access = await ring.sign(claims, { jku: `${domain.urlOf(tenant.subdomain)}/token_keys` })
    return {
      access_token: access,
      token_type: 'bearer',
      // Rounding: what remains after a fraction of a second has passed.
      expires_in: config.accessTokenSeconds - 1,
      scope: scopes.join(' '),
      jti,
    }
  }
}

/** A refresh token for the user, client and tenant of a token. */
export function newRefreshToken(
  { config, sealed, clock }: IssuerParts,
  { client, tenant }: TokenTarget,
  user: UserIdentity,
  scopes: readonly string[],
): Promise<string> {
  const value: RefreshGrant = { clientId: client.clientId, tenantId: tenant.id, user, scopes }
  return sealed.seal('refresh-token', value, clock.now() + config.refreshTokenSeconds * 1000)
}

/** The client and its application, and the applications whose scopes the token carries (their names end at a dot). */
function audienceFor(client: OAuthClient, scopes: readonly string[]): readonly string[] {
  const applications = scopes
    .filter((scope) => scope.includes('.'))
    .map((scope) => scope.slice(0, scope.lastIndexOf('.')))
  return [...new Set([client.clientId, client.xsappname, 'uaa', ...applications])]
}

function chooseScopes(possible: readonly string[], requested: readonly string[]): readonly string[] {
  const chosen = requested.length === 0 ? possible : possible.filter((scope) => requested.includes(scope))
  if (chosen.length === 0) throw new PlatformError('OAUTH_SCOPE_INVALID')
  return chosen
}

function revocationSignature(client: OAuthClient, user: UserIdentity): string {
  return createHash('sha256').update(`${client.clientId}\n${user.id}`).digest('hex').slice(0, 8)
}
