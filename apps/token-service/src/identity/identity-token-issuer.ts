import { randomUUID } from 'node:crypto'
import type { OAuthClient, TokenClaims } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import {
  type IssuerParts,
  newRefreshToken,
  type TokenAnswer,
  type TokenIssuer,
  type TokenTarget,
  type UserGrant,
} from '../token-issuer.ts'
import type { UserIdentity } from '../user-identity.ts'

const userScopes = ['openid', 'email', 'profile']

/**
 * Writes the tokens that SAP's client libraries expect from SAP Cloud Identity Services: no scopes of applications, the
 * tenant in `app_tid`, and an issuer without path. Every token is a JWT, whether `token_format` asks for it or not.
 */
export class IdentityTokenIssuer implements Pick<TokenIssuer, 'forClient' | 'forUser' | 'refreshToken'> {
  readonly #parts: IssuerParts

  constructor(parts: IssuerParts) {
    this.#parts = parts
  }

  /** A technical token. @throws PlatformError OAUTH_REQUEST_INVALID */
  forClient(target: TokenTarget): Promise<TokenAnswer> {
    return this.#answer(target, { sub: target.client.clientId, sap_id_type: 'app' }, [])
  }

  /** A token with a user in it, and an ID token. @throws PlatformError OAUTH_REQUEST_INVALID */
  async forUser(target: TokenTarget, { user, requestedScopes, withRefreshToken, nonce }: UserGrant) {
    const wanted = userScopes.filter((scope) => requestedScopes.includes(scope))
    const scopes = requestedScopes.length === 0 ? userScopes : wanted
    const claims = claimsOfUser(user)
    const answer = await this.#answer(target, claims, scopes)
    const idToken = await this.#sign(target, target.client.clientId, {
      ...claims,
      ...(nonce === undefined || nonce === '' ? {} : { nonce }),
    })
    return {
      ...answer,
      id_token: idToken,
      ...(withRefreshToken ? { refresh_token: await this.refreshToken(target, user, scopes) } : {}),
    }
  }

  refreshToken(target: TokenTarget, user: UserIdentity, scopes: readonly string[]): Promise<string> {
    return newRefreshToken(this.#parts, target, user, scopes)
  }

  async #answer(target: TokenTarget, special: TokenClaims, scopes: readonly string[]): Promise<TokenAnswer> {
    const jti = randomUUID()
    return {
      access_token: await this.#sign(target, audienceFor(target), { ...special, jti }),
      token_type: 'bearer',
      // Rounding: what remains after a fraction of a second has passed.
      expires_in: this.#parts.config.accessTokenSeconds - 1,
      scope: scopes.join(' '),
      jti,
    }
  }

  #sign({ client, tenant, thumbprint }: TokenTarget, audience: string, special: TokenClaims): Promise<string> {
    const { config, domain, ring, clock } = this.#parts
    const issuedAt = Math.floor(clock.now() / 1000)
    return ring.sign({
      jti: randomUUID(),
      ...special,
      iss: domain.issuerOf(tenant.subdomain),
      // A text, not a list: libraries take one audience that is not "azp" for an access token to another application.
      aud: audience,
      azp: client.clientId,
      app_tid: tenant.id,
      zone_uuid: tenant.id,
      iat: issuedAt,
      exp: issuedAt + config.accessTokenSeconds,
      ...(thumbprint === undefined ? {} : { cnf: { 'x5t#S256': thumbprint } }),
    })
  }
}

const ownResource = (client: OAuthClient, tenantId: string): readonly string[] => {
  const plain = `urn:sap:identity:application:provider:clientid:${client.clientId}`
  return [plain, `${plain}:apptid:${tenantId}`]
}

/** Applications get tokens for themselves: what one may ask of another is configured nowhere here. */
function audienceFor({ client, tenant, resources = [] }: TokenTarget): string {
  if (resources.every((resource) => ownResource(client, tenant.id).includes(resource))) return client.clientId
  throw new PlatformError('OAUTH_REQUEST_INVALID', {
    reason: '"resource" names another application; tokens are issued for the calling application only',
  })
}

function claimsOfUser(user: UserIdentity): TokenClaims {
  return {
    sub: user.id,
    sap_id_type: 'user',
    user_uuid: user.id,
    scim_id: user.id,
    user_name: user.userName,
    preferred_username: user.userName,
    email: user.email,
    given_name: user.givenName,
    family_name: user.familyName,
    origin: user.origin,
    ...(user.samlGroups.length === 0 ? {} : { groups: user.samlGroups }),
  }
}
