/**
 * The tenant that a user token names (`zid` of XSUAA, `app_tid` of IAS). It is read without any check: it only chooses
 * where to ask, and whoever is asked verifies the token.
 */
export function tenantOfToken(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    if (typeof claims !== 'object' || claims === null) return undefined
    const { zid, app_tid: appTid } = claims as { readonly zid?: unknown; readonly app_tid?: unknown }
    const tenant = zid ?? appTid
    return typeof tenant === 'string' && tenant !== '' ? tenant : undefined
  } catch {
    return undefined
  }
}
