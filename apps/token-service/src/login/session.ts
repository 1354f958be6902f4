import { equalSecrets, randomSecret } from '@landbridge/kernel'
import type { TokenService } from '../service.ts'
import { identityOfUser, type UserIdentity } from '../user-identity.ts'
import { cookiesOf, type WebRequest } from '../web.ts'

// The prefix makes browsers insist on https and the exact host, so that no neighbouring host can plant these cookies.
const sessionCookie = '__Host-landbridge-session'
const formCookie = '__Host-landbridge-login'
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax'
const formLifetimeMs = 3_600_000

interface Session {
  readonly userId: string
  readonly tenantId: string
}

/** The cookie of a browser that logged in. It names the user only; who he is, is read anew each time. */
export async function newSession(service: TokenService, userId: string, tenantId: string): Promise<string> {
  const { sessionSeconds } = service.config
  const session: Session = { userId, tenantId }
  const value = await service.sealed.seal('session', session, service.clock.now() + sessionSeconds * 1000)
  return `${sessionCookie}=${value}; ${attributes}; Max-Age=${sessionSeconds}`
}

export const endSession = `${sessionCookie}=; ${attributes}; Max-Age=0`

/** The user of this browser in this tenant; undefined asks for a login. */
export async function sessionUser(
  service: TokenService,
  request: WebRequest,
  tenantId: string,
): Promise<UserIdentity | undefined> {
  const session = await service.sealed.open<Session>('session', cookiesOf(request).get(sessionCookie) ?? '')
  if (session === undefined || session.tenantId !== tenantId) return undefined
  const user = await service.users.findUser(session.userId)
  return user === undefined ? undefined : identityOfUser(user)
}

/** A fresh pair of form token and cookie: only the browser that got the form can send it. */
export async function newFormToken(
  service: TokenService,
): Promise<{ readonly token: string; readonly cookie: string }> {
  const nonce = randomSecret()
  const token = await service.sealed.seal('login-form', { nonce }, service.clock.now() + formLifetimeMs)
  return { token, cookie: `${formCookie}=${nonce}; ${attributes}; Max-Age=${formLifetimeMs / 1000}` }
}

export async function isOwnForm(service: TokenService, request: WebRequest, token: string): Promise<boolean> {
  const form = await service.sealed.open<{ nonce: string }>('login-form', token)
  const nonce = cookiesOf(request).get(formCookie) ?? ''
  return form !== undefined && nonce !== '' && equalSecrets(form.nonce, nonce)
}
