import type { RfcLimits } from '@landbridge/rfc'

/** How the connector treats RFC, for all subaccounts. */
export interface RfcSettings {
  /** Function modules that pass without a resource, because clients cannot do without them. */
  readonly infrastructureFunctions: ReadonlySet<string>
  readonly limits?: RfcLimits
  /** Port of a service of this machine, such as `sapmsERP` (the services file); undefined for one it does not know. */
  readonly servicePort?: (name: string) => number | undefined
}

/**
 * What clients call before the function that is wanted: logon probe, ping, reset of the session, and metadata (guide
 * L21396, which does not list them). RFC_SYSTEM_INFO is none of them: a sample of the guide exposes it.
 */
export const defaultInfrastructureFunctions: readonly string[] = [
  'RFCPING',
  'RFC_PING',
  'SYSTEM_RESET_RFC_SERVER',
  'RFC_GET_FUNCTION_INTERFACE',
  'RFC_GET_STRUCTURE_DEFINITION',
  'RFC_GET_UNICODE_STRUCTURE',
  'RFC_METADATA_GET',
  'DDIF_FIELDINFO_GET',
]

export const defaultRfcSettings: RfcSettings = {
  infrastructureFunctions: new Set(defaultInfrastructureFunctions),
}
