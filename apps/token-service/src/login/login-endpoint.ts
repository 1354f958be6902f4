import type { Tenant } from '@landbridge/identity'
import { describeError, errorEntry, isPlatformError, PlatformError } from '@landbridge/kernel'
import { parameter } from '../parameters.ts'
import { checkPassword } from '../password-check.ts'
import type { TokenService } from '../service.ts'
import { namedTenant, tenantFor } from '../tenant-of-request.ts'
import type { WebAnswer, WebRequest } from '../web.ts'
import { showLogin } from './authorize-endpoint.ts'
import { messagePage, type OwnPage } from './page.ts'
import { isOwnForm, newSession } from './session.ts'

/**
 * `POST /login`: the form comes back. Success leads to the authorization endpoint or a page of ours on this host with the query
 * that waited, where everything in it is checked again; no other address can be reached from here.
 */
export async function loginEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const query = new URLSearchParams(parameter(request.form, 'query'))
  const userName = parameter(request.form, 'username')
  try {
    const tenant = await tenantOfForm(service, request, query)
    if (!(await isOwnForm(service, request, parameter(request.form, 'form_token'))))
      throw new PlatformError('LOGIN_FORM_EXPIRED')
    const next = parameter(request.form, 'next') === 'passcode' ? 'passcode' : undefined
    return await logIn(service, request, { tenant, query, next, userName })
  } catch (thrown) {
    if (!isPlatformError(thrown) || errorEntry(thrown.code).http >= 500) throw thrown
    return messagePage({ title: 'The login failed', text: describeError(thrown) }, errorEntry(thrown.code).http)
  }
}

async function logIn(
  service: TokenService,
  request: WebRequest,
  waiting: { tenant: Tenant; query: URLSearchParams; next: OwnPage | undefined; userName: string },
): Promise<WebAnswer> {
  const { tenant, query, next, userName } = waiting
  const password = parameter(request.form, 'password')
  try {
    const login = { userName, password, tenantId: tenant.id, remoteAddress: request.remoteAddress }
    const user = await checkPassword(service, login)
    const cookie = await newSession(service, user.id, tenant.id)
    if (next !== undefined)
      return {
        status: 303,
        headers: { location: query.size === 0 ? `/${next}` : `/${next}?${query}`, 'set-cookie': cookie },
        body: '',
      }
    if (!query.has('client_id'))
      return messagePage({ title: 'Logged on', text: `You are ${user.userName}.` }, 200, cookie)
    return { status: 303, headers: { location: `${service.authorizePath}?${query}`, 'set-cookie': cookie }, body: '' }
  } catch (thrown) {
    if (!isPlatformError(thrown, 'LOGIN_FAILED') && !isPlatformError(thrown, 'LOGIN_THROTTLED')) throw thrown
    const form = { query: query.toString(), userName, problem: problemText(thrown) }
    return showLogin(service, tenant, next === undefined ? form : { ...form, next }, errorEntry(thrown.code).http)
  }
}

/** The page speaks to the one who reads it; the catalogue names the person that a remedy is for. */
function problemText({ code, facts }: PlatformError): string {
  if (code === 'LOGIN_THROTTLED') return `Too many failed attempts. Try again in ${facts.retryAfterSeconds} seconds.`
  return `${errorEntry(code).title}. Check both; after several failures every further attempt has to wait.`
}

/** `GET /login`: the form without an application that waits for it. */
export async function loginForm(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const tenant = await namedTenant(service, request)
  if (tenant === undefined)
    return messagePage({ title: 'Log on', text: 'Open the application, or the address of your subaccount.' }, 200)
  return showLogin(service, tenant, { query: request.query.toString(), userName: '', problem: '' }, 200)
}

async function tenantOfForm(service: TokenService, request: WebRequest, query: URLSearchParams): Promise<Tenant> {
  const asked = { ...request, header: request.header, query }
  const client = await service.clients.findClient(query.get('client_id') ?? '')
  const tenant = client === undefined ? await namedTenant(service, asked) : await tenantFor(service, asked, client)
  if (tenant === undefined) throw new PlatformError('OAUTH_TENANT_UNKNOWN')
  return tenant
}
