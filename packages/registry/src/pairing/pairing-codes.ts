import { randomUUID } from 'node:crypto'
import type { Clock } from '@landbridge/kernel'

/** Whose a code is, and until when. */
export interface PairingCode {
  readonly id: string
  readonly subaccountId: string
  readonly userId: string
  readonly expiresAtMs: number
}

/** Codes that stand for a user's password once, so that an administrator of a connector need not know it. */
export interface PairingCodes {
  /** The text of a code, which nobody can make up. Secret. */
  write(code: PairingCode): string
  /** Undefined for a text that was not written here. Whether it has expired is for the caller to see. */
  read(text: string): PairingCode | undefined
  /** False when it was used before, on whichever replica. */
  use(code: PairingCode): Promise<boolean>
}

/** Longest life of a code, in milliseconds. */
export const longestCodeMs = 60 * 60_000

/** Given as user name where the code alone says whose it is (guide L19133). */
export const passcodeUser = '$SAP-CP-SSO-PASSCODE$'

/** A new code for a user, whom the caller knows. @param lifetimeMs at most `longestCodeMs` counts */
export function writePairingCode(
  codes: PairingCodes,
  clock: Clock,
  wanted: { readonly subaccountId: string; readonly userId: string; readonly lifetimeMs: number },
): { readonly text: string; readonly expiresAtMs: number } {
  const { subaccountId, userId, lifetimeMs } = wanted
  const expiresAtMs = clock.now() + Math.min(lifetimeMs, longestCodeMs)
  return { text: codes.write({ id: randomUUID(), subaccountId, userId, expiresAtMs }), expiresAtMs }
}
