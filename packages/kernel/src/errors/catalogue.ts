import { brokerErrors } from './broker.ts'
import { certificateMappingErrors } from './certificate-mappings.ts'
import { certificateRenewalErrors } from './certificate-renewal.ts'
import { cliErrors } from './cli.ts'
import { clientErrors } from './client.ts'
import { connectorErrors } from './connector.ts'
import { connectorAdministrationErrors } from './connector-administration.ts'
import { destinationsErrors } from './destinations.ts'
import type { ErrorEntry } from './entry.ts'
import { generalErrors } from './general.ts'
import { identityErrors } from './identity.ts'
import { notificationErrors } from './notifications.ts'
import { propagationErrors } from './propagation.ts'
import { proxyErrors } from './proxy.ts'
import { registryErrors } from './registry.ts'
import { serviceChannelErrors } from './service-channels.ts'
import { transparentProxyErrors } from './transparent-proxy.ts'
import { tunnelErrors } from './tunnel.ts'

/** The error catalogue: every failure that the platform reports, one row each, one file per area. */
export const catalogue = {
  ...generalErrors,
  ...tunnelErrors,
  ...proxyErrors,
  ...identityErrors,
  ...destinationsErrors,
  ...registryErrors,
  ...brokerErrors,
  ...connectorErrors,
  ...connectorAdministrationErrors,
  ...propagationErrors,
  ...serviceChannelErrors,
  ...certificateRenewalErrors,
  ...notificationErrors,
  ...certificateMappingErrors,
  ...cliErrors,
  ...clientErrors,
  ...transparentProxyErrors,
} as const

export type ErrorCode = keyof typeof catalogue

/** The row of a code, with its optional columns visible to the type checker. */
export function errorEntry(code: ErrorCode): ErrorEntry {
  return catalogue[code]
}
