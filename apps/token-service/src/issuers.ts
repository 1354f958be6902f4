import {
  acceptsAnyOf,
  type ClientDirectory,
  keySourcePerIssuer,
  LocalSingleUse,
  type OAuthClient,
  remoteKeySource,
  TokenVerifier,
  type TrustedIssuer,
} from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { TokenServiceConfig } from './config.ts'
import { applicationTenantOf } from './identity/identity-endpoints.ts'
import { IdentityTokenIssuer } from './identity/identity-token-issuer.ts'
import { PasscodeLimit } from './login/passcode-limit.ts'
import { LoginThrottle } from './login-throttle.ts'
import { SealedValues } from './sealed-values.ts'
import type { Issuers, TokenService } from './service.ts'
import type { TokenServiceOptions } from './start.ts'
import { zoneIdOf } from './tenant-of-request.ts'
import { TokenIssuer } from './token-issuer.ts'
import { UaaDomain } from './uaa-domain.ts'

/** Builds what the endpoints of the two issuers work with. */
export function buildIssuers(
  options: TokenServiceOptions,
  {
    domain,
    identityDomain,
    ring,
    samlIssuers,
  }: Pick<TokenService, 'domain' | 'identityDomain' | 'ring' | 'samlIssuers'>,
): Issuers {
  const { config, clients, tenants, users, clock, log } = options
  const sealed = new SealedValues(ring, clock)
  const ownIssuer = { accepts: (issuer: string) => domain.subdomainOfIssuer(issuer) !== undefined, keys: ring }
  const ofIdentity = [
    { accepts: (issuer: string) => identityDomain.subdomainOfIssuer(issuer) !== undefined, keys: ring },
    ...config.trustedIssuers.map(({ issuer: trusted, keysUrl, ca }) => ({
      accepts: (issuer: string) => issuer === trusted,
      keys: remoteKeySource({ url: keysUrl, clock, log, ...(ca === undefined ? {} : { ca }) }),
    })),
  ]
  const uaa: TokenService = {
    config,
    domain,
    identityDomain,
    authorizePath: '/oauth/authorize',
    tenantIdOf: zoneIdOf,
    clients: clientsWhere(clients, ({ service }) => service !== identityService),
    tenants,
    users,
    clientCertificates: options.clientCertificates,
    mayActIn: options.mayActIn ?? (async () => false),
    ring,
    issuer: new TokenIssuer({ config, domain, ring, sealed, clock }),
    verifier: verifierOf([ownIssuer, ...ofIdentity], clock),
    samlIssuers,
    sealed,
    singleUse: options.singleUse ?? new LocalSingleUse(clock),
    throttle: new LoginThrottle(clock),
    newPasscode: options.newPasscode,
    passcodeLimit: new PasscodeLimit(clock),
    clock,
    log,
  }
  const identity: TokenService = {
    ...uaa,
    domain: identityDomain,
    authorizePath: '/oauth2/authorize',
    tenantIdOf: applicationTenantOf,
    clients: clientsWhere(clients, ({ service }) => service === identityService),
    clientCertificates: undefined,
    issuer: new IdentityTokenIssuer({ config, domain: identityDomain, ring, sealed, clock }),
    // A token of the XSUAA is no proof here: its scopes limit what may be had for it, and there are none here.
    verifier: verifierOf(ofIdentity, clock),
    newPasscode: undefined,
  }
  return { uaa, identity }
}

/** The service whose bindings are clients of the identity issuer; all others are clients of the XSUAA. */
const identityService = 'identity'

function clientsWhere(clients: ClientDirectory, belongs: (client: OAuthClient) => boolean): ClientDirectory {
  return {
    async findClient(clientId) {
      const client = await clients.findClient(clientId)
      return client !== undefined && belongs(client) ? client : undefined
    },
  }
}

function verifierOf(issuers: readonly TrustedIssuer[], clock: Clock): TokenVerifier {
  return new TokenVerifier({ keys: keySourcePerIssuer(issuers), clock, acceptIssuer: acceptsAnyOf(issuers) })
}

/**
 * Below a name that the other issuer's name ends with, a tenant could have the very host of that issuer.
 * @throws PlatformError CONFIG_INVALID
 */
export function identityDomainOf({ identityDomain }: TokenServiceConfig, uaaDomain: string): string {
  if (identityDomain === '') return `accounts.${uaaDomain}`
  const { hostNames } = new UaaDomain(uaaDomain)
  const [own = ''] = new UaaDomain(identityDomain).hostNames
  if (hostNames.some((host) => host === own || host.endsWith(`.${own}`)))
    throw new PlatformError('CONFIG_INVALID', {
      problems: [
        `tokenService.identityDomain: expected a name of its own such as accounts.${uaaDomain}, found ${own}, with which uaaDomain ends`,
      ],
    })
  return identityDomain
}
