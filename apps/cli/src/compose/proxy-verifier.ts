import { isIssuerOf } from '@landbridge/connectivity-proxy'
import {
  acceptsAnyOf,
  interpretedByIssuer,
  keySourcePerIssuer,
  remoteKeySource,
  TokenVerifier,
  type TrustedIssuer,
} from '@landbridge/identity'
import type { Clock, Log } from '@landbridge/kernel'
import { invalid, openExternalIssuers } from './external-issuers.ts'
import type { IdentityConfig } from './identity-config.ts'

export interface ProxyVerifierOptions {
  readonly config: IdentityConfig & { readonly builtIn: boolean }
  /** Of the service key: where the platform's own token service is. */
  readonly uaaDomain: string
  /** PEM that its certificate chains to. */
  readonly ca: string | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Verifies what applications show to a proxy in a process of its own: it asks issuers for their keys, nobody else.
 * @throws PlatformError CONFIG_INVALID
 */
export function proxyVerifier({ config, uaaDomain, ca, clock, log }: ProxyVerifierOptions): TokenVerifier {
  const external = openExternalIssuers({ config, clock, log })
  if (!config.builtIn && external.length === 0)
    throw invalid('identity.external: expected at least one issuer because identity.builtIn is off, found none')
  const own = (): TrustedIssuer => ({
    accepts: (issuer) => isIssuerOf(uaaDomain, issuer),
    keys: remoteKeySource({ url: `https://${uaaDomain}/token_keys`, clock, log, ...(ca === undefined ? {} : { ca }) }),
  })
  const issuers = [...(config.builtIn ? [own()] : []), ...external]
  return new TokenVerifier({
    keys: keySourcePerIssuer(issuers),
    acceptIssuer: acceptsAnyOf(issuers),
    interpret: interpretedByIssuer(issuers),
    clock,
  })
}
