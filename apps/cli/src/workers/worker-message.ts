import type { ErrorCode, Facts, Level } from '@landbridge/kernel'
import type { ProxyMaterials } from '../run/serve-proxy.ts'

/** Everything that a worker needs: it reads no configuration of its own, which may have changed since the start. */
export interface WorkerTask {
  /** From 1. */
  readonly worker: number
  readonly logLevel: Level
  readonly clusterPort: number
  readonly materials: ProxyMaterials
}

export type Question = 'ready' | 'metrics'

export type ToWorker =
  | { readonly type: 'start'; readonly task: WorkerTask }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  /** Drain and end. */
  | { readonly type: 'stop' }

/** What a worker listens on. */
export interface StartedWorker {
  readonly url: string
  readonly tunnelPort: number
}

export type FromWorker =
  | ({ readonly type: 'started' } & StartedWorker)
  /** In touch with the connectivity service for the first time. */
  | { readonly type: 'ready' }
  /** Without a code: something that the catalogue does not know. */
  | { readonly type: 'failed'; readonly code?: ErrorCode; readonly facts: Facts; readonly reason: string }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
