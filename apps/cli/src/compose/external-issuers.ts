import {
  type ExternalDirectory,
  type ExternalRules,
  interpretExternal,
  issuerKeys,
  type PublishedKeys,
  type TrustedIssuer,
} from '@landbridge/identity'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { ExternalIssuerConfig, IdentityConfig } from './identity-config.ts'

/** An issuer that somebody else runs. */
export interface ExternalIssuer extends TrustedIssuer {
  readonly rules: ExternalRules
  readonly keys: PublishedKeys
  /** What bindings carry; clients append `/oauth/token`. */
  readonly url: string
  readonly tokenUrl: string | undefined
}

export interface ExternalIssuersOptions {
  readonly config: IdentityConfig
  /** Absent in a process that does not know subaccounts and instances. */
  readonly directory?: ExternalDirectory
  readonly onKeysChanged?: () => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * The configured issuers, ready to verify.
 * @throws PlatformError CONFIG_INVALID when two have the same name or an address is not protected by https
 */
export function openExternalIssuers(options: ExternalIssuersOptions): readonly ExternalIssuer[] {
  const { config, directory } = options
  const names = config.external.map(({ issuer }) => issuer)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined)
    throw invalid(`identity.external: expected every issuer once, found ${repeated} more than once`)
  return config.external.map((external) => {
    const rules = rulesOf(external)
    return {
      rules,
      url: external.url?.replace(/\/$/, '') ?? external.issuer.replace(/\/(oauth\/token)?$/, ''),
      tokenUrl: external.tokenUrl,
      keys: keysOf(external, options),
      accepts: (issuer) => issuer === rules.issuer,
      interpret: (token) => interpretExternal(rules, token, directory),
    }
  })
}

function rulesOf({ issuer, audience, claims, tenants, subaccount, clients }: ExternalIssuerConfig): ExternalRules {
  return {
    issuer,
    audience,
    claims,
    clients,
    ...(tenants === undefined ? {} : { tenants }),
    ...(subaccount === undefined ? {} : { subaccount }),
  }
}

function keysOf(
  { issuer, jwksUri, ca }: ExternalIssuerConfig,
  { config, clock, log, onKeysChanged }: ExternalIssuersOptions,
): PublishedKeys {
  return issuerKeys({
    issuer,
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(ca === undefined ? {} : { ca }),
    ...(onKeysChanged === undefined ? {} : { onChange: onKeysChanged }),
    refreshAfterMs: config.keyRefreshSeconds * 1000,
    cooldownMs: config.keyCooldownSeconds * 1000,
    clock,
    log,
  })
}

/** A problem of the section `identity`, in the form of all configuration problems. */
export function invalid(problem: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', { problems: [problem] })
}
