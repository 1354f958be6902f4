import { PlatformError } from '@landbridge/kernel'

/** A user that the platform itself keeps. */
export interface LocalUser {
  readonly id: string
  /** Empty for a user of the platform, who exists in every subaccount (operators, members of the global account). */
  readonly subaccountId: string
  /** What the user logs on with, usually the e-mail address. Compared without regard to case. */
  readonly userName: string
  readonly email: string
  readonly givenName: string
  readonly familyName: string
  /** The identity provider that knows the user. */
  readonly origin: string
  readonly roleCollections: readonly string[]
  readonly attributes: Readonly<Record<string, readonly string[]>>
  readonly createdAtMs: number
}

const shortestPassword = 8
const longestPassword = 256

/** @throws PlatformError USER_INVALID */
export function checkUser(user: LocalUser): LocalUser {
  if (!/^[^\s"\\]{1,255}$/.test(user.userName))
    throw new PlatformError('USER_INVALID', {
      field: 'userName',
      reason: 'must be 1 to 255 characters without spaces, quotes and backslashes',
    })
  if (!/^[^\s@]+@[^\s@]+$/.test(user.email) || user.email.length > 255)
    throw new PlatformError('USER_INVALID', { field: 'email', reason: 'must be an e-mail address' })
  return user
}

/** @throws PlatformError USER_INVALID; the password itself is never part of it. */
export function checkPassword(password: string): string {
  if (password.length < shortestPassword || password.length > longestPassword)
    throw new PlatformError('USER_INVALID', {
      field: 'password',
      reason: `must have ${shortestPassword} to ${longestPassword} characters`,
    })
  return password
}
