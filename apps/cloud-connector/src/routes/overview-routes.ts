import { createHash, createPublicKey, type JsonWebKey, X509Certificate } from 'node:crypto'
import {
  type IdentityProvider,
  overviewOf,
  proxyLight,
  type Subaccount,
  type SubaccountOverview,
} from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import { certificateDescription } from '../wire/certificate-json.ts'
import { subaccountItemJson } from '../wire/subaccount-json.ts'
import { type ApiContext, linksOf, sendJson, subaccountIn } from './context.ts'

const base = '/api/v1/landbridge'
const one = `${base}/subaccounts/:regionHost/:subaccount`
const states = ['all', 'connected', 'disconnected', 'connecting', 'failed']

/** What the dashboard and the overview of a subaccount are drawn from (guide L19341, L18879). */
export function overviewRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(`${base}/subaccounts`, (request, reply) => {
    const state = new Fields(request.query).text('state') ?? 'all'
    if (!states.includes(state)) throw invalid('state', `must be one of ${states.join(', ')}`)
    const links = linksOf(request, context)
    const shown = Array.from(context.store.current.subaccounts.values(), (subaccount) => ({
      ...subaccountItemJson(subaccount, links),
      displayName: subaccount.displayName || subaccount.subaccountId,
      description: subaccount.description,
      ...overviewIn(context, subaccount),
    }))
    return sendJson(reply, state === 'all' ? shown : shown.filter((entry) => entry.state === state))
  })
  api.get(`${one}/overview`, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    return sendJson(reply, {
      ...overviewIn(context, subaccount),
      initiatedBy: subaccount.user,
      certificate: certificateDescription(subaccount.certificate),
    })
  })
  api.get(`${base}/proxyStatus`, (_request, reply) => sendJson(reply, proxyStatus(context)))
  api.get(`${one}/trust`, (request, reply) =>
    sendJson(reply, Array.from(subaccountIn(request, context).identityProviders.values(), trustEntry)),
  )
}

function overviewIn({ store, subaccounts, clock, config }: ApiContext, subaccount: Subaccount): SubaccountOverview {
  const { certificateAlertDays: alertDays } = config
  const at = {
    proxy: store.current.settings.httpsProxy,
    nowMs: clock.now(),
    ...(alertDays === undefined ? {} : { alertDays }),
  }
  return overviewOf(subaccount, subaccounts.status(subaccount), at)
}

/** By the latest that is known: of pairing, or else of the tunnels. */
function proxyStatus({ store, subaccounts }: ApiContext): object {
  const { httpsProxy } = store.current.settings
  const tunnels = Array.from(store.current.subaccounts.values(), (subaccount) => subaccounts.status(subaccount))
  const isConnected = tunnels.some(({ state }) => state === 'Connected')
  const failures = [subaccounts.lastFailure, ...tunnels.map(({ failure }) => failure)].filter(
    (one) => one !== undefined,
  )
  const latest = failures.toSorted((a, b) => b.atMs - a.atMs)[0]
  const light = proxyLight(httpsProxy, isConnected ? 'connected' : undefined, latest)
  return { ...(httpsProxy === undefined ? {} : { host: httpsProxy.host, port: String(httpsProxy.port) }), ...light }
}

/** An entry of the trust list with what its key set says about the certificates or keys (guide L19728). */
function trustEntry({ id, name, description, issuer, enabled, jwks }: IdentityProvider): object {
  const { keys } = jwks as { readonly keys?: unknown }
  return {
    id,
    name,
    description,
    type: 'IDP',
    trusted: enabled,
    issuer,
    certificates: (Array.isArray(keys) ? keys : []).map((key) => keyDetails(Object(key))),
  }
}

/** The certificate of a key where the identity provider publishes one (RFC 7517 section 4.7), else the key itself. */
function keyDetails(jwk: JsonWebKey & { readonly kid?: unknown; readonly x5c?: unknown }): object {
  const kid = typeof jwk.kid === 'string' ? jwk.kid : ''
  try {
    const [first] = Array.isArray(jwk.x5c) ? jwk.x5c : []
    if (typeof first === 'string') {
      const certificate = new X509Certificate(Buffer.from(first, 'base64'))
      return { kid, ...certificateDescription(certificate.toString()), sha256: certificate.fingerprint256 }
    }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
    const der = key.export({ type: 'spki', format: 'der' })
    const sha256 = createHash('sha256').update(der).digest('hex').toUpperCase().match(/../g)?.join(':')
    return { kid, keyType: key.asymmetricKeyType, size: modulusLength ?? namedCurve, sha256 }
  } catch {
    return { kid, problem: 'the key cannot be read' }
  }
}
