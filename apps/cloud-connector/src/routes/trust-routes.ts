import { X509Certificate } from 'node:crypto'
import type { IdentityProvider, Subaccount } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields } from '../body/fields.ts'
import { readFields, readJson } from '../body/read-body.ts'
import { certificateJson } from '../wire/certificate-json.ts'
import { type ApiContext, editSubaccount, parameters, sendJson, sendNothing, subaccountIn } from './context.ts'

const trust = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/trust'

/** Whose user tokens a subaccount believes (guide L24078). Applications are a notion of the Neo environment: none here. */
export function trustRoutes(api: FastifyInstance, context: ApiContext): void {
  api.post(trust, async (request, reply) => {
    await context.subaccounts.synchroniseTrust(request.actor, subaccountIn(request, context))
    return sendNothing(reply)
  })
  api.get(trust, (request, reply) =>
    sendJson(reply, { autoSyncTrustEnabled: subaccountIn(request, context).autoSyncTrust }),
  )
  api.put(trust, async (request, reply) => {
    subaccountIn(request, context)
    const autoSyncTrust = readFields(request).requiredFlag('autoSyncTrustEnabled')
    const event = { category: 'TrustSynchronization', action: 'update', object: 'autoSyncTrust' } as const
    await editSubaccount(context, request, event, (subaccount) => ({ ...subaccount, autoSyncTrust }))
    return sendNothing(reply)
  })
  api.get(`${trust}/idps`, (request, reply) =>
    sendJson(reply, Array.from(subaccountIn(request, context).identityProviders.values(), providerJson)),
  )
  api.get(`${trust}/apps`, (request, reply) => {
    subaccountIn(request, context)
    return sendJson(reply, [])
  })
  for (const method of ['GET', 'PUT'] as const)
    api.route({
      method,
      url: `${trust}/apps/:id`,
      handler(request) {
        subaccountIn(request, context)
        throw new PlatformError('CONNECTOR_APPLICATION_NOT_FOUND', { id: parameters(request).id })
      },
    })
  api.get(`${trust}/idps/:id`, (request, reply) =>
    sendJson(reply, providerJson(providerIn(request, subaccountIn(request, context)))),
  )
  api.put(`${trust}/idps/:id`, async (request, reply) => {
    const { enabled } = providerIn(request, subaccountIn(request, context))
    const body = readJson(request)
    const wanted = body === undefined ? !enabled : new Fields(body).requiredFlag('enabled')
    const event = { category: 'IdentityProviderTrust', action: 'update', object: parameters(request).id ?? '' } as const
    await editSubaccount(context, request, event, (subaccount) => {
      const provider = providerIn(request, subaccount)
      const providers = new Map(subaccount.identityProviders).set(provider.id, { ...provider, enabled: wanted })
      return { ...subaccount, identityProviders: providers }
    })
    return sendNothing(reply)
  })
}

function providerIn(request: FastifyRequest, subaccount: Subaccount): IdentityProvider {
  const { id = '' } = parameters(request)
  const provider = /^\d{1,9}$/.test(id) ? subaccount.identityProviders.get(Number(id)) : undefined
  if (provider === undefined) throw new PlatformError('CONNECTOR_IDP_NOT_FOUND', { id })
  return provider
}

/** Providers have key sets, in which a key may come with its certificate (RFC 7517 section 4.7): the first is shown. */
function providerJson({ id, name, description, issuer, enabled, jwks }: IdentityProvider): object {
  const certificate = certificateIn(jwks)
  return { id, name, description, issuer, ...(certificate === undefined ? {} : { certificate }), enabled }
}

function certificateIn(jwks: unknown): object | undefined {
  const { keys } = Object(jwks) as { readonly keys?: unknown }
  for (const key of Array.isArray(keys) ? keys : []) {
    const [first] = [Object(key).x5c].flat()
    if (typeof first !== 'string') continue
    try {
      return certificateJson(new X509Certificate(Buffer.from(first, 'base64')).toString())
    } catch {
      // What cannot be read is not shown; it does not verify any token either.
    }
  }
  return undefined
}
