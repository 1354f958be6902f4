import type { Secret } from '@landbridge/kernel'
import type { IdentityProvider } from '../configuration/model.ts'
import { optionalText } from './pair.ts'
import { askRegion, invalidAnswer, type RegionAccess } from './region-request.ts'

/** An identity provider as the region names it. */
export type CloudIdentityProvider = Omit<IdentityProvider, 'id' | 'enabled'>

export interface TrustRequest {
  readonly subaccountId: string
  readonly notificationHost: string
  /** The subaccount's own certificate: no user is needed. */
  readonly certificate: string
  readonly privateKey: Secret
}

/**
 * Downloads the identity providers whose tokens the subaccount's applications carry (guide L19712).
 * @throws PlatformError those of `askRegion`
 */
export async function downloadTrust(
  access: RegionAccess,
  { subaccountId, notificationHost, certificate, privateKey }: TrustRequest,
): Promise<readonly CloudIdentityProvider[]> {
  const { status, body } = await askRegion(access, {
    service: 'connectivitynotification',
    host: notificationHost,
    method: 'GET',
    path: `/api/v1/subaccounts/${encodeURIComponent(subaccountId)}/trust`,
    clientCertificate: { cert: certificate, key: privateKey },
  })
  if (status !== 200) throw invalidAnswer(access, `the region answered ${status}`)
  const idps = (body as { idps?: unknown } | undefined)?.idps
  if (!Array.isArray(idps)) throw invalidAnswer(access, 'the member idps is missing')
  return idps.filter((idp) => typeof idp === 'object' && idp !== null && idp.enabled !== false).map(toProvider)
}

function toProvider(idp: Readonly<Record<string, unknown>>): CloudIdentityProvider {
  return {
    name: optionalText(idp, 'name') || optionalText(idp, 'issuer'),
    description: optionalText(idp, 'description'),
    issuer: optionalText(idp, 'issuer'),
    jwks: typeof idp.jwks === 'object' && idp.jwks !== null ? idp.jwks : { keys: [] },
    // Rules that are no object stay no object: an issuer with rules must never count as one without.
    ...(idp.rules === undefined ? {} : { rules: Object(idp.rules) as object }),
  }
}

/**
 * Takes over a synchronised list: known providers (by issuer) keep number and switch, new ones start enabled, those
 * that the cloud no longer names disappear (guide L19739).
 */
export function mergeTrust(
  known: ReadonlyMap<number, IdentityProvider>,
  synchronised: readonly CloudIdentityProvider[],
): ReadonlyMap<number, IdentityProvider> {
  const byIssuer = new Map(Array.from(known.values(), (provider) => [provider.issuer, provider]))
  let last = Math.max(0, ...known.keys())
  return new Map(
    synchronised.map((provider) => {
      const before = byIssuer.get(provider.issuer)
      const id = before?.id ?? ++last
      return [id, { ...provider, id, enabled: before?.enabled ?? true }]
    }),
  )
}
