import type { Dispatcher } from 'undici'
import { type Bindings, textCredential } from '../binding/find-bindings.ts'
import { type FoundDestination, findDestination } from './find-destination.ts'
import type { Legs } from './legs.ts'
import { type Outgoing, type ProxyRoute, send } from './send.ts'
import { fetchToken } from './token.ts'
import type { UserLogin } from './user-login.ts'

export interface CallRequest {
  readonly destination: string
  readonly outgoing: Outgoing
  /** Propagates this user; a technical call when absent. */
  readonly user?: UserLogin
  /** Replaces the location ID of the destination. */
  readonly locationId?: string
}

export interface CallResult {
  readonly destination: FoundDestination
  readonly response: Dispatcher.ResponseData
}

/**
 * Looks the destination up, gets the tokens that its kind needs and sends the request.
 * @param agent for the services of the platform
 * @param agentWith makes one for a target with a client certificate or a trust of its own
 */
export async function callDestination(
  request: CallRequest,
  bindings: Bindings,
  legs: Legs,
  agent: Dispatcher,
  agentWith: (tls: FoundDestination['tls']) => Dispatcher,
  signal: AbortSignal,
): Promise<CallResult> {
  const { user, outgoing } = request
  const userToken =
    user === undefined
      ? ''
      : await legs.measure(
          'user token',
          () => fetchToken(bindings, 'xsuaa', { kind: 'password', user }, agent, signal),
          () => `for ${user.name}`,
        )
  const token = await legs.measure(
    'token',
    () => fetchToken(bindings, 'destination', { kind: 'technical' }, agent, signal),
    () => 'for the destination service',
  )
  const found = await legs.measure(
    'find',
    () => findDestination(bindings, request.destination, token, userToken, agent, signal),
    ({ url, authentication, isOnPremise }) =>
      `${url.href} (${isOnPremise ? 'OnPremise' : 'Internet'}, ${authentication})`,
  )
  const destination = request.locationId === undefined ? found : { ...found, locationId: request.locationId }
  const route = destination.isOnPremise ? await proxyRoute(bindings, userToken, legs, agent, signal) : undefined
  const isPlain = route !== undefined || Object.keys(destination.tls).length === 0
  const towards = isPlain ? agent : agentWith(destination.tls)
  const response = await legs.measure(
    'first byte',
    () => send(destination, outgoing, route, towards, signal),
    ({ statusCode }) => `${statusCode}${route === undefined ? '' : ` through the proxy at ${route.origin}`}`,
  )
  return { destination, response }
}

/** The user, if any, travels in the proxy token itself: exchanged with the connectivity client (guide L12318-12371). */
async function proxyRoute(
  bindings: Bindings,
  userToken: string,
  legs: Legs,
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<ProxyRoute> {
  const host = textCredential(bindings, 'connectivity', 'onpremise_proxy_host')
  const port = textCredential(bindings, 'connectivity', 'onpremise_proxy_http_port', 'onpremise_proxy_port')
  const grant = userToken === '' ? ({ kind: 'technical' } as const) : ({ kind: 'exchange', userToken } as const)
  const token = await legs.measure(
    'connectivity token',
    () => fetchToken(bindings, 'connectivity', grant, agent, signal),
    () => (userToken === '' ? 'technical' : 'exchanged from the user token'),
  )
  return { origin: `http://${host}:${port}`, token }
}
