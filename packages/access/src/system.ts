import type { AuthenticationMode, BackendType, BlockedUser, HostInHeader, Protocol, SystemMapping } from './model.ts'
import { isTls } from './model.ts'
import { parsePort } from './port.ts'

/** What the data plane needs to know about a mapping once a request is allowed. Immutable. */
export interface System {
  /** As entered by the administrator. */
  readonly virtualHost: string
  readonly virtualPort: string
  readonly protocol: Protocol
  /** The connector speaks TLS to the backend. */
  readonly tls: boolean
  readonly backendType: BackendType
  readonly internalHost: string
  /** First port of a range; 0 for an RFC message server known by name only. */
  readonly internalPort: number
  /** The internal port as name, such as `sapmsERP`; '' when it is a number. */
  readonly internalService: string
  readonly hostInHeader: HostInHeader
  readonly authenticationMode: AuthenticationMode
  readonly sncPartnerName: string
  readonly sapRouter: string
  readonly allowedClients: readonly string[]
  readonly blockedUsers: readonly BlockedUser[]
}

export function toSystem(mapping: SystemMapping): System {
  return {
    virtualHost: mapping.virtualHost,
    virtualPort: mapping.virtualPort,
    protocol: mapping.protocol,
    tls: isTls(mapping.protocol),
    backendType: mapping.backendType,
    internalHost: mapping.internalHost,
    internalPort: parsePort(mapping.internalPort, mapping.protocol)?.low ?? 0,
    internalService: /^[0-9]/.test(mapping.internalPort) ? '' : mapping.internalPort,
    hostInHeader: mapping.hostInHeader,
    authenticationMode: mapping.authenticationMode,
    sncPartnerName: mapping.sncPartnerName ?? '',
    sapRouter: mapping.sapRouter ?? '',
    allowedClients: mapping.allowedClients,
    blockedUsers: mapping.blockedUsers,
  }
}
