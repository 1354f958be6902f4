import { callJson, type TestPlatform } from '@landbridge/testkit'

type Service = 'xsuaa' | 'destination' | 'connectivity'

/** A client credentials token for a binding, by the URL that the binding names; for another tenant by its ID. */
export function technicalToken(platform: TestPlatform, service: Service, tenantId?: string): Promise<string> {
  return fetchToken(platform, service, { grant_type: 'client_credentials' }, tenantId)
}

/** A token of the business user for the demo application, as after a login. */
export function userToken(platform: TestPlatform): Promise<string> {
  const { name, password } = platform.credentials.user
  return fetchToken(platform, 'xsuaa', { grant_type: 'password', username: name, password })
}

export async function fetchToken(
  platform: TestPlatform,
  service: Service,
  grant: Readonly<Record<string, string>>,
  tenantId?: string,
): Promise<string> {
  const { url, clientid = '', clientsecret = '' } = platform.binding(service)
  const body = new URLSearchParams({ client_id: clientid, client_secret: clientsecret, ...grant })
  const answer = await callJson({
    method: 'POST',
    url: `${url}/oauth/token`,
    headers: tenantId === undefined ? {} : { 'x-zid': tenantId },
    body,
    ca: platform.ca,
  })
  if (answer.status !== 200) throw new Error(`${grant.grant_type} answered ${answer.status}: ${answer.text}`)
  return String(answer.json.access_token)
}

export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
