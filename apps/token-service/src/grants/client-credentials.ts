import { type Grant, requestedScopes, targetOf } from './grant.ts'

/** RFC 6749 section 4.4: a token for the client itself. */
export const clientCredentials: Grant = async (service, request, by) =>
  service.issuer.forClient(await targetOf(service, request, by), requestedScopes(request))
