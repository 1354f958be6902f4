import { isPlatformError } from '@landbridge/kernel'

/** Groups of RFC errors with the numbers that SAP's connector publishes. */
const groups = { JCO_ERROR_CONFIGURATION: 101, JCO_ERROR_COMMUNICATION: 102, JCO_ERROR_RESOURCE: 106 } as const
export type RfcErrorKey = keyof typeof groups

/** An error of opening an RFC connection, in the form that applications know from SAP's connector (guide L14934, L15119). */
export class RfcError extends Error {
  override readonly name = 'RfcError'
  readonly group: number
  readonly key: RfcErrorKey
  /** Without group and key. */
  readonly text: string

  constructor(key: RfcErrorKey, text: string, options?: ErrorOptions) {
    super(`(${groups[key]}) ${key}: ${text}`, options)
    this.group = groups[key]
    this.key = key
    this.text = text
  }
}

/** What went wrong on the way to `system` (`host:port` as destination and mapping name it). */
export function rfcErrorOf(cause: unknown, system: string, locationId: string): RfcError {
  if (cause instanceof RfcError) return cause
  const code = isPlatformError(cause) ? cause.code : undefined
  return new RfcError('JCO_ERROR_COMMUNICATION', `Opening connection to backend failed: ${reason()}`, { cause })

  function reason(): string {
    switch (code) {
      case 'CLIENT_HOST_NOT_EXPOSED':
        return `Opening connection to ${system} denied. Expose the system in your Cloud Connector in case it was a valid request.`
      case 'CONNECTOR_NOT_CONNECTED':
        return `No Cloud Connector is connected for ${locationId === '' ? 'the default location' : `location ID ${locationId}`}.`
      case 'BACKEND_UNREACHABLE':
        return `The system behind ${system} cannot be reached by the Cloud Connector.`
      case 'CLIENT_PROXY_TOKEN_REFUSED':
        return 'The connectivity proxy refused the token.'
      default:
        return cause instanceof Error ? cause.message : 'unknown'
    }
  }
}
