import { PlatformError } from '@landbridge/kernel'

/** The services whose API a communication user may call. */
export const callableServices = ['destination', 'connectivity'] as const
export type CallableService = (typeof callableServices)[number]

/** For each service the instance as which the user acts; a service that is absent is closed to him. */
export type UserInstances = Readonly<Partial<Record<CallableService, string>>>

/** A technical user of one tenant: who a system is that shows a client certificate. */
export interface CommunicationUser {
  readonly id: string
  readonly subaccountId: string
  /** Unique in the tenant without regard to case, for example `_ERP`. */
  readonly name: string
  readonly description: string
  readonly instances: UserInstances
  readonly createdAtMs: number
}

const clientPrefix = 'cu-'

/** The `client_id` of the user's tokens. Client IDs of bindings never begin like this. */
export function clientIdOf(user: Pick<CommunicationUser, 'id'>): string {
  return `${clientPrefix}${user.id}`
}

/** The ID of the user in a `client_id`; undefined when it is not one of a communication user. */
export function userIdOf(clientId: string): string | undefined {
  return clientId.startsWith(clientPrefix) ? clientId.slice(clientPrefix.length) : undefined
}

/** @throws PlatformError COMMUNICATION_USER_INVALID */
export function checkUserName(name: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/.test(name) || name.toLowerCase().startsWith(clientPrefix))
    throw new PlatformError('COMMUNICATION_USER_INVALID', {
      field: 'name',
      reason: `must be 1 to 64 letters, digits or one of _ . @ -, begin with a letter, a digit or _, and not with "${clientPrefix}"`,
    })
  return name
}
