import type { KeyObject, X509Certificate } from 'node:crypto'
import { PlatformError } from '@landbridge/kernel'

/** What the reader of one format finds, not put together yet. */
export interface StoreContent {
  readonly keys: readonly KeyObject[]
  readonly certificates: readonly X509Certificate[]
}

export function invalidKeyStore(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('DESTINATION_KEY_STORE_INVALID', { reason }, { cause })
}

export function wrongPassword(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('DESTINATION_KEY_STORE_PASSWORD', { reason }, { cause })
}
