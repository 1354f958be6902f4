import { parameter } from '../parameters.ts'
import { isRegisteredRedirect } from '../redirect-uri.ts'
import type { TokenService } from '../service.ts'
import type { WebAnswer, WebRequest } from '../web.ts'
import { messagePage } from './page.ts'
import { endSession } from './session.ts'

/** `GET /logout.do?redirect=&client_id=`: ends the session; goes back only to an address that the client registered. */
export async function logoutEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const redirect = parameter(request.query, 'redirect')
  const client = await service.clients.findClient(parameter(request.query, 'client_id'))
  if (client !== undefined && redirect !== '' && isRegisteredRedirect(redirect, client.redirectUris))
    return { status: 302, headers: { location: redirect, 'set-cookie': endSession }, body: '' }
  return messagePage({ title: 'Logged off', text: 'You may close this window.' }, 200, endSession)
}
