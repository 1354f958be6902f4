import type { TokenVerifier, VerifiedToken } from '@landbridge/identity'
import { type Clock, isPlatformError, type Log } from '@landbridge/kernel'
import type { FindHeaders, RequestedGrant, TokenContext } from './authentication/authentication-type.ts'
import { authenticationName, authenticationType } from './authentication/table.ts'
import type { CertificateStore, StoredCertificate } from './certificate-store.ts'
import { type Chain, checkChain } from './chain.ts'
import { redact } from './credentials.ts'
import type { DestinationStore, StoredDestination } from './destination-store.ts'
import { certificateNames, findCertificate } from './named-certificates.ts'
import { present } from './properties.ts'
import { samlContext, type UserInfoEndpoint } from './saml/saml-context.ts'
import type { SubaccountTrust } from './saml/subaccount-trust.ts'
import { type AuthToken, failedToken } from './token/auth-token.ts'
import { type AssertionSource, assertionSource, takesProvider } from './token/client-assertion.ts'
import type { ClientAssertion } from './token/client-authentication.ts'
import { fetchKeySet } from './token/fetch-key-set.ts'
import { KeySets } from './token/key-sets.ts'
import { sendPresenting } from './token/presented-certificate.ts'
import { type SharedTokenStore, SharedTokens } from './token/shared-tokens.ts'
import { loadTlsFiles, type TlsFiles, tlsSettings } from './token/tls-settings.ts'
import { TokenCache } from './token/token-cache.ts'
import type { TokenEndpoint } from './token/token-endpoint.ts'
import { tokenFailure } from './token/token-failure.ts'
import { tokenRequest } from './token/token-request.ts'
import { grantedToken } from './token/token-response.ts'
import { isCommon } from './token/token-url.ts'
import { effectiveUserToken } from './token/user-token.ts'

export interface TokenSourceOptions {
  readonly endpoint: TokenEndpoint
  /** Verifies tokens of the platform's own token service. */
  readonly verifier: TokenVerifier
  /** Where destinations are found that provide client assertions. */
  readonly destinations: Pick<DestinationStore, 'find'>
  /** Where key stores and trust stores are found. */
  readonly certificates: Pick<CertificateStore, 'find'>
  readonly trust: SubaccountTrust
  /** Tells custom attributes of the users of the platform's own tokens. */
  readonly userInfo?: UserInfoEndpoint
  readonly clock: Clock
  readonly log: Log
  /** Tokens kept in memory at most. */
  readonly cacheEntries: number
  /** Where replicas leave tokens for each other; absent where there is one process. */
  readonly sharedTokens?: SharedTokenStore
}

/** Types of destinations whose `Authentication` property the service acts on. */
const withTokens: ReadonlySet<string> = new Set(['HTTP', 'MAIL'])

/** Gets the tokens of a destination, from its token service or from memory. */
export class TokenSource {
  readonly #options: TokenSourceOptions
  readonly #cache: TokenCache
  readonly #keySets: KeySets

  constructor(options: TokenSourceOptions) {
    this.#options = options
    const { sharedTokens, clock, log } = options
    const shared = sharedTokens === undefined ? undefined : new SharedTokens({ store: sharedTokens, clock, log })
    this.#cache = new TokenCache(clock, options.cacheEntries, shared)
    this.#keySets = new KeySets(options.clock)
  }

  /** The entries of `authTokens`; a failed retrieval is an entry with `error`, never an exception. */
  async tokens(
    destination: StoredDestination,
    caller: VerifiedToken,
    headers: FindHeaders,
    chain?: Chain,
  ): Promise<AuthToken[]> {
    if (!withTokens.has(present(destination.properties, 'Type') ?? '')) return []
    try {
      const samlAssertion = chain === undefined ? undefined : await this.#provided(destination, chain, caller)
      return await this.#fetch(
        destination,
        caller,
        samlAssertion === undefined ? headers : { ...headers, samlAssertion },
      )
    } catch (failure) {
      if (!isPlatformError(failure, 'DESTINATION_TOKEN_FAILED')) throw failure
      // The reason may quote the token service, so it goes to the caller only.
      const { presented } = failure.facts
      this.#options.log.info('destination.token.failed', {
        ...this.#logged(destination),
        ...(presented === undefined ? {} : { presented }),
      })
      return [failedToken(`Retrieval of OAuthToken failed due to: ${String(failure.facts.reason)}`)]
    }
  }

  /** The certificates that the destination names, for its caller, and the names of those that are not there. */
  async certificates(
    destination: StoredDestination,
    skipTokenRetrieval: boolean,
  ): Promise<{ readonly found: readonly StoredCertificate[]; readonly missing: readonly string[] }> {
    const { certificates, log } = this.#options
    const found: StoredCertificate[] = []
    const missing: string[] = []
    for (const name of certificateNames(destination.properties, skipTokenRetrieval)) {
      const stored = await findCertificate(certificates, destination.level, name)
      if (stored !== undefined) found.push(stored)
      else {
        missing.push(name)
        log.warn('destination.certificate.missing', this.#logged(destination))
      }
    }
    return { found, missing }
  }

  /** The first step of a chain. */
  async #provided(destination: StoredDestination, chain: Chain, caller: VerifiedToken): Promise<string> {
    checkChain(destination, chain)
    const [token] = await this.#fetch(chain.provider, caller, chain.headers)
    return token?.value ?? ''
  }

  async #fetch(destination: StoredDestination, caller: VerifiedToken, headers: FindHeaders): Promise<AuthToken[]> {
    const type = authenticationType(authenticationName(destination.properties))
    if (type === undefined) throw tokenFailure('the authentication type is unknown')
    return type.tokens(this.#context(destination, caller, headers))
  }

  #context(destination: StoredDestination, caller: VerifiedToken, headers: FindHeaders): TokenContext {
    const { properties, level } = destination
    const { endpoint, clock, verifier } = this.#options
    const surroundings = once(() => this.#surroundings(destination, headers))
    const send = async (grant: RequestedGrant, redacted: readonly string[]) => {
      const { assertion: source, files } = await surroundings()
      const assertion = grant.authorization === undefined ? await this.#assertion(source, caller, headers) : undefined
      const tls = await tlsSettings(properties, files, clock.now())
      const request = tokenRequest({
        ...grant,
        properties,
        subaccountId: level.subaccountId,
        tls,
        ...(assertion === undefined ? {} : { assertion }),
      })
      const secrets = [...redacted, assertion?.value ?? '']
      const clean = (text: string) => redact(text, properties, secrets)
      return { response: await sendPresenting(endpoint, request, clean), clean }
    }
    return {
      properties,
      headers,
      caller,
      saml: samlContext(this.#options, destination),
      nowMs: () => clock.now(),
      userToken: () =>
        effectiveUserToken({
          verifier,
          clock,
          properties,
          caller,
          sent: headers.userToken,
          remoteKeys: (url) =>
            this.#keySets.source(JSON.stringify([url, level, destination.name, destination.etag]), async () =>
              fetchKeySet(
                endpoint,
                url,
                properties,
                await tlsSettings(properties, (await surroundings()).files, clock.now()),
              ),
            ),
        }),
      request: async (grant, redacted = []) => {
        const { response, clean } = await send(grant, redacted)
        return grantedToken(response, clock.now(), clean)
      },
      exchange: (grant) => send(grant, []),
      cached: async (parts, fetch) => {
        const { keys } = await surroundings()
        return this.#cache.get([...keyParts(destination), ...keys, ...parts], fetch)
      },
    }
  }

  /** What a token request needs besides the destination itself, and what of it makes another token. */
  async #surroundings(destination: StoredDestination, headers: FindHeaders): Promise<Surroundings> {
    const { certificates, destinations, log } = this.#options
    const { properties, level } = destination
    const files = await loadTlsFiles(properties, (name) => findCertificate(certificates, level, name))
    const assertion = await assertionSource(destinations, destination, headers)
    if (present(properties, 'clientAssertion.destinationName') !== undefined && !takesProvider(properties))
      log.warn('destination.assertion.ignored', this.#logged(destination))
    return { files, assertion, keys: [...fileKeys(files), ...assertionKeys(assertion)] }
  }

  async #assertion(
    source: AssertionSource,
    caller: VerifiedToken,
    headers: FindHeaders,
  ): Promise<ClientAssertion | undefined> {
    if (source.kind === 'none') return undefined
    if (source.kind === 'given') return source.assertion
    const { destination, type } = source
    // The headers are about the consumer; only the tenant says something about both.
    const needsTenant = isCommon(destination.properties) && headers.tenant !== undefined
    const [token] = await this.#fetch(destination, caller, needsTenant ? { tenant: headers.tenant ?? '' } : {})
    if (token === undefined) throw tokenFailure(`the destination ${destination.name} provided no client assertion`)
    return { type, value: token.value }
  }

  #logged({ level, name, properties }: StoredDestination) {
    return { subaccountId: level.subaccountId, destination: name, authentication: authenticationName(properties) }
  }
}

interface Surroundings {
  readonly files: TlsFiles
  readonly assertion: AssertionSource
  readonly keys: readonly string[]
}

/** The entity tag changes with every write, so it stands for the whole content of the destination. */
function keyParts({ level, name, etag }: StoredDestination): readonly string[] {
  return [level.kind, level.subaccountId, level.instanceId, name, etag]
}

/** Another key store is another client, and a token that came over a trusted connection must not outlive the trust. */
function fileKeys({ trustStore, keyStore }: TlsFiles): readonly string[] {
  return [trustStore, keyStore].flatMap((file) => (file === undefined ? [''] : [file.level.kind, file.name, file.etag]))
}

function assertionKeys(source: AssertionSource): readonly string[] {
  switch (source.kind) {
    case 'none':
      return ['none']
    case 'given':
      return ['given', source.assertion.type, source.assertion.value]
    case 'provider':
      return ['provider', ...keyParts(source.destination)]
    default:
      return source satisfies never
  }
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load()
    return loading
  }
}
