import type { LocalCa } from '@landbridge/identity'
import type { Closeable } from '@landbridge/kernel'
import type { BoundService, PlatformEndpoints } from '@landbridge/registry'
import type { RunningCloud } from '../compose/cloud.ts'
import type { ComponentState } from '../state/state-file.ts'
import type { UpOptions } from './start-up.ts'

export interface UpProxyOptions extends UpOptions {
  readonly cloud: RunningCloud
  readonly authority: LocalCa
  /** The credentials with which the proxy speaks to the connectivity service. */
  readonly service: BoundService
  readonly endpoints: PlatformEndpoints
}

export async function startUpProxy(
  options: UpProxyOptions,
): Promise<Closeable & { readonly components: readonly ComponentState[] }> {
  options.log.warn('up.proxy-missing')
  return { components: [], async close() {} }
}
