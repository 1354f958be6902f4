import { parameter } from '../parameters.ts'
import { isRegisteredRedirect } from '../redirect-uri.ts'
import type { TokenService } from '../service.ts'
import type { WebAnswer, WebRequest } from '../web.ts'
import { messagePage } from './page.ts'
import { endSession } from './session.ts'

/** `GET /logout.do?redirect=&client_id=`: ends the session; goes back only to an address that the client registered. */
export async function logoutEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  return logOff(service, parameter(request.query, 'client_id'), parameter(request.query, 'redirect'))
}

export async function logOff(service: TokenService, clientId: string, redirect: string): Promise<WebAnswer> {
  const client = await service.clients.findClient(clientId)
  if (client !== undefined && redirect !== '' && isRegisteredRedirect(redirect, client.redirectUris))
    return { status: 302, headers: { location: redirect, 'set-cookie': endSession }, body: '' }
  return messagePage({ title: 'Logged off', text: 'You may close this window.' }, 200, endSession)
}
