import type { SubaccountTrust, TrustRole } from '@landbridge/destinations'
import { type Log, PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../caller.ts'
import { idpMetadataShown, trustRemoved, trustRenewed, trustRotated, trustShown } from './documentation.ts'

const roles: readonly (readonly [role: TrustRole, path: string])[] = [
  ['active', '/saml2Metadata/certificate'],
  ['passive', '/saml2Metadata/certificate/passive'],
]

/** `/v1/saml2Metadata…`: the trust key pairs of the token's subaccount, a plugin of its own for its way to read bodies. */
export function trustRoutes(trust: SubaccountTrust, log: Log): (api: FastifyInstance) => Promise<void> {
  return async (api) => {
    refuseBodies(api)
    const subaccount = (request: FastifyRequest) => request.getDecorator<Caller>('caller').scope.subaccountId

    api.get('/saml2Metadata', idpMetadataShown, async (request) => {
      const xml = await trust.metadata(subaccount(request))
      return { idpMetadata: Buffer.from(xml, 'utf8').toString('base64') }
    })

    for (const [role, path] of roles) {
      api.get(path, trustShown, async (request) => ({
        certificate: await trust.certificate(subaccount(request), role),
      }))
      api.post(path, trustRenewed, async (request) => {
        const certificate = await trust.renew(subaccount(request), role)
        log.info('destination.trust.renewed', { subaccountId: subaccount(request), role })
        return { certificate }
      })
    }

    api.delete('/saml2Metadata/certificate/passive', trustRemoved, async (request) => {
      await trust.removePassive(subaccount(request))
      log.info('destination.trust.removed', { subaccountId: subaccount(request), role: 'passive' })
      return { Count: 1 }
    })

    api.post('/saml2Metadata/rotateCertificate', trustRotated, async (request) => {
      const { active, passive } = await trust.rotate(subaccount(request))
      log.info('destination.trust.rotated', { subaccountId: subaccount(request) })
      return { activeCertificate: active, passiveCertificate: passive }
    })
  }
}

/** Whatever its media type, a body is refused: it could only be a key that somebody wants to bring along. */
function refuseBodies(api: FastifyInstance): void {
  api.removeAllContentTypeParsers()
  api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length > 0) done(new PlatformError('DESTINATION_TRUST_BODY'))
    else done(null)
  })
  // Without a media type nothing is parsed, so the announced length has to do.
  api.addHook('preValidation', async ({ headers, method }) => {
    const announced = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (method === 'POST' && headers['content-type'] === undefined && announced)
      throw new PlatformError('DESTINATION_TRUST_BODY')
  })
}
