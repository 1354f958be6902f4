import type { TokenVerifier, VerifiedToken } from '@landbridge/identity'
import { type Clock, isPlatformError, type Log } from '@landbridge/kernel'
import type { FindHeaders, RequestedGrant, TokenContext } from './authentication/authentication-type.ts'
import { authenticationName, authenticationType } from './authentication/table.ts'
import type { CertificateStore } from './certificate-store.ts'
import { redact } from './credentials.ts'
import type { StoredDestination } from './destination-store.ts'
import { present } from './properties.ts'
import { type SamlSources, samlContext, type UserInfoEndpoint } from './saml/saml-context.ts'
import type { SubaccountTrust } from './saml/subaccount-trust.ts'
import { type AuthToken, failedToken } from './token/auth-token.ts'
import { TokenCache } from './token/token-cache.ts'
import type { TokenEndpoint } from './token/token-endpoint.ts'
import { tokenFailure } from './token/token-failure.ts'
import { tokenRequest } from './token/token-request.ts'
import { grantedToken } from './token/token-response.ts'
import { effectiveUserToken } from './token/user-token.ts'

export interface TokenSourceOptions {
  readonly endpoint: TokenEndpoint
  /** Verifies tokens of the platform's own token service. */
  readonly verifier: TokenVerifier
  readonly trust: SubaccountTrust
  /** Where `KeyStoreLocation` points to. */
  readonly certificates?: Pick<CertificateStore, 'find'>
  /** Tells custom attributes of the users of the platform's own tokens. */
  readonly userInfo?: UserInfoEndpoint
  readonly clock: Clock
  readonly log: Log
  /** Tokens kept in memory at most. */
  readonly cacheEntries: number
}

/** Types of destinations whose `Authentication` property the service acts on. */
const withTokens: ReadonlySet<string> = new Set(['HTTP', 'MAIL'])

/** Gets the tokens of a destination, from its token service or from memory. */
export class TokenSource {
  readonly #endpoint: TokenEndpoint
  readonly #verifier: TokenVerifier
  readonly #clock: Clock
  readonly #log: Log
  readonly #cache: TokenCache
  readonly #saml: SamlSources

  constructor(options: TokenSourceOptions) {
    this.#endpoint = options.endpoint
    this.#verifier = options.verifier
    this.#clock = options.clock
    this.#log = options.log
    this.#saml = options
    this.#cache = new TokenCache(options.clock, options.cacheEntries)
  }

  /** The entries of `authTokens`; a failed retrieval is an entry with `error`, never an exception. */
  async tokens(destination: StoredDestination, caller: VerifiedToken, headers: FindHeaders): Promise<AuthToken[]> {
    if (!withTokens.has(present(destination.properties, 'Type') ?? '')) return []
    const name = authenticationName(destination.properties)
    try {
      const type = authenticationType(name)
      if (type === undefined) throw tokenFailure('the authentication type is unknown')
      return await type.tokens(this.#context(destination, caller, headers))
    } catch (failure) {
      if (!isPlatformError(failure, 'DESTINATION_TOKEN_FAILED')) throw failure
      // The reason may quote the token service, so it goes to the caller only.
      this.#log.info('destination.token.failed', {
        subaccountId: destination.level.subaccountId,
        destination: destination.name,
        authentication: name,
      })
      return [failedToken(`Retrieval of OAuthToken failed due to: ${String(failure.facts.reason)}`)]
    }
  }

  #context(destination: StoredDestination, caller: VerifiedToken, headers: FindHeaders): TokenContext {
    const { properties, level } = destination
    const prepare = (grant: RequestedGrant) => {
      refuseAssertions(destination, headers)
      return tokenRequest({ ...grant, properties, subaccountId: level.subaccountId })
    }
    return {
      properties,
      headers,
      caller,
      saml: samlContext(this.#saml, destination),
      nowMs: () => this.#clock.now(),
      userToken: () =>
        effectiveUserToken({
          verifier: this.#verifier,
          clock: this.#clock,
          properties,
          caller,
          sent: headers.userToken,
        }),
      request: async (grant, redacted = []) => {
        const response = await this.#endpoint.send(prepare(grant))
        return grantedToken(response, this.#clock.now(), (text) => redact(text, properties, redacted))
      },
      exchange: async (grant) => ({
        response: await this.#endpoint.send(prepare(grant)),
        clean: (text) => redact(text, properties),
      }),
      // The entity tag changes with every write, so it stands for the whole content of the destination.
      cached: (parts, fetch) =>
        this.#cache.get([level.subaccountId, level.instanceId, destination.name, destination.etag, ...parts], fetch),
    }
  }
}

/** Sending the secret where an assertion was asked for would be worse than an error. */
function refuseAssertions(destination: StoredDestination, headers: FindHeaders): void {
  const property = present(destination.properties, 'clientAssertion.destinationName')
  if (headers.clientAssertion === undefined && property === undefined) return
  throw tokenFailure('client assertions are not supported yet')
}
