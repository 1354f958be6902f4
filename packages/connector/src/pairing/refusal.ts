import { type ErrorCode, type Facts, PlatformError, shellCommand } from '@landbridge/kernel'
import { invalidAnswer, type RegionAccess, type RegionAnswer } from './region-request.ts'

/** Stands for the user where a passcode says whose it is. */
const passcodeUser = '$SAP-CP-SSO-PASSCODE$'

/** Whom a refusal is about. */
export interface Tried {
  readonly subaccountId: string
  /** Absent where the connector showed its certificate instead. */
  readonly user?: string
  /** The user with whom the subaccount was connected before; absent when it never was. */
  readonly registeredUser?: string
}

/**
 * The error that tells the administrator what to correct. A wrong password (401) and a right one of a user who may not
 * do this (403) are different errors, because different people can help.
 */
export function refusalOf(
  { status, body }: RegionAnswer,
  access: RegionAccess,
  { subaccountId, user, registeredUser }: Tried,
): PlatformError {
  const { regionHost } = access
  const members = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}
  const stated = typeof members.title === 'string' ? members.title : ''
  const reason = (stated || `the region answered ${status}`).slice(0, 200)
  const tried = { cloudStatus: status, user, subaccount: subaccountId, regionHost }
  const isOther =
    user !== undefined && registeredUser !== undefined && registeredUser.toLowerCase() !== user.toLowerCase()
  const otherUser = isOther ? [`the subaccount was connected by another user, ${registeredUser}`] : []
  if (user !== undefined && status === 401 && members.code === 'PAIRING_PASSWORD_NOT_EFFECTIVE')
    return refused('CONNECTOR_PASSWORD_NOT_EFFECTIVE', {
      ...tried,
      likelyCauses: ['the password was changed moments ago and is not in effect yet'],
      retryAfterSeconds: typeof members.retryAfterSeconds === 'number' ? members.retryAfterSeconds : undefined,
    })
  if (user !== undefined && status === 401)
    return refused('CONNECTOR_CREDENTIALS_REFUSED', {
      ...tried,
      likelyCauses: [
        'user or password is mistyped',
        ...otherUser,
        'the password was changed moments ago and is not in effect yet at the identity provider',
      ],
    })
  if (user !== undefined && status === 403)
    return refused('CONNECTOR_USER_NOT_ENTITLED', {
      ...tried,
      likelyCauses: ['the user has no role that manages Cloud Connectors in this subaccount', ...otherUser],
      // A passcode does not say whose it is.
      command: user === passcodeUser ? undefined : assignment(user, subaccountId),
    })
  if (status >= 400 && status < 500 && status !== 429)
    return new PlatformError('CONNECTOR_SUBACCOUNT_REFUSED', { subaccount: subaccountId, regionHost, reason })
  return invalidAnswer(access, reason)
}

/** What the administrator of the subaccount types, wherever the command line of the platform is. */
function assignment(user: string, subaccountId: string): string {
  const words = ['user', 'assign', user, '--role-collection', 'Cloud Connector Administrator']
  return shellCommand(['landbridge', ...words, '--subaccount', subaccountId])
}

type RefusalFacts = Facts & { readonly likelyCauses: readonly string[] }

function refused(code: ErrorCode, { likelyCauses, ...facts }: RefusalFacts): PlatformError {
  return new PlatformError(code, { ...facts, likelyCauses: likelyCauses.join('; ') })
}
