import type { RfcAddress } from './rfc-address.ts'

/** `host:port` as mapping and destination name it. */
export function systemName({ virtualHost, shownPort }: RfcAddress): string {
  return `${virtualHost}:${shownPort}`
}

/** The texts of guide L15119, L15205, and the same form for what else is refused. A caller sees them. */
export const rfcText = {
  noSystem: (system: string): string =>
    `Opening connection to ${system} denied. Expose the system in your Cloud Connector in case it was a valid request.`,
  noFunction: (name: string, system: string): string =>
    `Access denied for ${name} on ${system}. Expose the function module in your Cloud Connector in case it was a valid request.`,
  noUser: (user: string, client: string, system: string): string =>
    `Access denied for user ${user} in client ${client} on ${system}. Allow the client and the user in your Cloud Connector in case it was a valid request.`,
  noServer: (system: string, reason: string): string =>
    `Opening connection to ${system} failed. The message server named no application server: ${reason}.`,
  /** @param findings which settings are there, as a sentence */
  noSnc: (system: string, findings: string): string =>
    `Opening connection to ${system} failed. Its mapping asks for RFC SNC, which needs the cryptographic library of SAP; this Cloud Connector loads none and never falls back to plain RFC. ${findings} Use a mapping of protocol RFC in a protected network.`,
  noUserToken: (system: string, reason: string): string => `Opening connection to ${system} denied. ${reason}`,
  noPropagation: (system: string): string =>
    `Opening connection to ${system} denied. The caller's user cannot be propagated over RFC: that needs RFC SNC with principal type X.509, and the cryptographic library of SAP. Call with a technical token and a configured user, or use HTTPS.`,
}

/** The audit lines of guide L15170 and L15235; `connectionId` is a signed number of 32 bits. */
export const rfcAuditLine = {
  system: (user: string, system: string, connectionId: number): string =>
    `Denying access for user ${user} to system ${system} [connectionId=${connectionId}]`,
  resource: (user: string, resource: string, system: string, connectionId: number): string =>
    `Denying access for user ${user} to resource ${resource} on system ${system} [connectionId=${connectionId}]`,
}
