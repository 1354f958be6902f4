import type { SystemMapping } from '@landbridge/access'
import { mappingOf, type Subaccount } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyRequest } from 'fastify'
import { parameters } from './context.ts'

/** The mapping that the path names as `<virtual host>:<virtual port>`. */
export function mappingIn(request: FastifyRequest, subaccount: Subaccount): SystemMapping {
  return mappingAt(subaccount, parameters(request).address ?? '')
}

/** @throws PlatformError CONNECTOR_MAPPING_NOT_FOUND */
export function mappingAt(subaccount: Subaccount, address: string): SystemMapping {
  const colon = address.lastIndexOf(':')
  if (colon < 0) throw new PlatformError('CONNECTOR_MAPPING_NOT_FOUND', { address })
  return mappingOf(subaccount, address.slice(0, colon), address.slice(colon + 1))
}
