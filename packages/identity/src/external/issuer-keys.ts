import type { PublishedKeys } from '../key-source.ts'
import { type RemoteKeySourceOptions, remoteKeySource } from '../remote-key-source.ts'

const uaaPath = '/oauth/token'

export interface IssuerKeysOptions extends Omit<RemoteKeySourceOptions, 'url' | 'discoverFor'> {
  readonly issuer: string
  /** Where the key set is; absent: asked of the issuer. */
  readonly jwksUri?: string
}

/**
 * The key set of an issuer: at the given address; at `/token_keys` of a UAA, whose issuer ends in `/oauth/token`; else
 * where the discovery document of the issuer says (OpenID Connect Discovery section 4).
 * @throws PlatformError CONFIG_INVALID when the address is not protected by https
 */
export function issuerKeys({ issuer, jwksUri, ...options }: IssuerKeysOptions): PublishedKeys {
  if (jwksUri !== undefined) return remoteKeySource({ ...options, url: jwksUri })
  if (issuer.endsWith(uaaPath))
    return remoteKeySource({ ...options, url: `${issuer.slice(0, -uaaPath.length)}/token_keys` })
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return remoteKeySource({ ...options, url, discoverFor: issuer })
}
