import type { Tenant } from '@landbridge/identity'
import { isPlatformError } from '@landbridge/kernel'
import { passcodeUser } from '@landbridge/registry'
import { parameter } from '../parameters.ts'
import type { TokenService } from '../service.ts'
import { namedTenant } from '../tenant-of-request.ts'
import type { WebAnswer, WebRequest } from '../web.ts'
import { showLogin } from './authorize-endpoint.ts'
import { messagePage, passcodePage, subaccountPage } from './page.ts'
import { sessionUser } from './session.ts'

/**
 * `GET /passcode` (guide L19228): a code for a browser that is logged in, else the login form. Made on GET, as the guide
 * has it ("returned right away"): another site can cause a code to be made but can neither read it nor show it in a frame.
 */
export async function passcodeEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const { newPasscode, config } = service
  if (newPasscode === undefined)
    return messagePage({ title: 'No passcodes', text: 'Connectors are not connected by passcode here.' }, 404)
  const tenant = await tenantOf(service, request)
  if ('status' in tenant) return tenant
  // Only what names the tenant goes along: the page has no other parameters.
  const zid = parameter(request.query, 'zid')
  const query = zid === '' ? '' : new URLSearchParams({ zid }).toString()
  const user = await sessionUser(service, request, tenant.id)
  if (user === undefined) return showLogin(service, tenant, { query, next: 'passcode', userName: '', problem: '' }, 200)
  const holder = { tenantId: tenant.id, userId: user.id }
  const waitMs = service.passcodeLimit.take(JSON.stringify(holder))
  if (waitMs > 0) return tooMany(Math.ceil(waitMs / 1000))
  const lifetimeSeconds = config.passcodeSeconds
  const { text, expiresAtMs } = newPasscode({ ...holder, lifetimeMs: lifetimeSeconds * 1000 })
  service.log.info('token-service.passcode.shown', { ...holder, remoteAddress: request.remoteAddress })
  return passcodePage({
    text,
    userName: passcodeUser,
    holder: user.userName,
    tenantName: tenant.subdomain,
    expiresAtMs,
    lifetimeSeconds,
    query,
  })
}

function tooMany(seconds: number): WebAnswer {
  const text = `You had several passcodes made. Use one of them, or come back in ${seconds} seconds.`
  const page = messagePage({ title: 'Too many passcodes', text }, 429)
  return { ...page, headers: { ...page.headers, 'retry-after': String(seconds) } }
}

/** The tenant of the address, or the page that asks for it: not every machine resolves the names of tenants. */
async function tenantOf(service: TokenService, request: WebRequest): Promise<Tenant | WebAnswer> {
  const asked = parameter(request.query, 'subaccount').trim()
  if (asked !== '') {
    const found = (await service.tenants.tenantBySubdomain(asked)) ?? (await service.tenants.tenantById(asked))
    if (found === undefined) return subaccountPage('There is no such subaccount.', 404)
    return { status: 303, headers: { location: `/passcode?${new URLSearchParams({ zid: found.id })}` }, body: '' }
  }
  try {
    return (await namedTenant(service, request)) ?? subaccountPage('', 200)
  } catch (thrown) {
    if (!isPlatformError(thrown, 'OAUTH_TENANT_UNKNOWN')) throw thrown
    return subaccountPage('There is no such subaccount.', 404)
  }
}
