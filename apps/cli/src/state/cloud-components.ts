import type { RunningCloud } from '../compose/cloud.ts'
import type { ComponentState } from './state-file.ts'

/** The addresses of the cloud side, as other commands look for them. */
export function cloudComponents({
  tokenService,
  destinationService,
  connectivityService,
}: RunningCloud): readonly ComponentState[] {
  const { name, mutualTlsUrl } = destinationService
  const mutualTls = mutualTlsUrl === undefined ? undefined : { name: `${name}-mutual-tls`, url: mutualTlsUrl }
  return [tokenService, destinationService, mutualTls, connectivityService]
    .filter((app) => app !== undefined)
    .map(({ name, url }) => ({ name, url, readyUrl: `${url}/health/ready` }))
}
