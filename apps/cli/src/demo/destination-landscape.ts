import type { Dispatcher } from 'undici'
import type { Bindings } from '../binding/find-bindings.ts'
import { textCredential } from '../binding/find-bindings.ts'
import { fetchToken } from '../call/token.ts'
import { virtualHttp } from './connector-landscape.ts'
import { callRest, setupTimeoutMs } from './rest.ts'

const demoDestinations = ['demo-backend', 'demo-backend-user'] as const

/** Creates the demo destinations through the REST API of the destination service; existing ones stay as they are. */
export async function ensureDestinations(bindings: Bindings, agent: Dispatcher): Promise<void> {
  const signal = AbortSignal.timeout(setupTimeoutMs)
  const token = await fetchToken(bindings, 'destination', { kind: 'technical' }, agent, signal)
  const base = `${textCredential(bindings, 'destination', 'uri')}/destination-configuration/v1/subaccountDestinations`
  for (const name of demoDestinations)
    await callRest(
      {
        step: 'create the demo destination',
        method: 'POST',
        url: base,
        authorization: `Bearer ${token}`,
        body: {
          Name: name,
          Type: 'HTTP',
          URL: `http://${virtualHttp.host}:${virtualHttp.port}`,
          ProxyType: 'OnPremise',
          Authentication: name.endsWith('-user') ? 'PrincipalPropagation' : 'NoAuthentication',
          Description: 'The HTTP demo backend',
        },
        // It exists already.
        accept: [409],
      },
      agent,
    )
}
