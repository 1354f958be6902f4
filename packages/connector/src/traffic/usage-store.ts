import type { Usage } from './usage.ts'

/** What one resource was used for, as it is kept over restarts. */
export interface StoredUsage extends Usage {
  readonly subaccountKey: string
  readonly mappingKey: string
  readonly resource: string
}

/** Usage of one subaccount, since it was last reset. */
export interface SubaccountUsage {
  readonly subaccountKey: string
  readonly sinceMs: number
  readonly resources: readonly StoredUsage[]
}

/** Keeps usage over restarts. It is no part of the configuration, of its backups, or of what a shadow copies. */
export interface UsageStore {
  loadUsage(): Promise<readonly SubaccountUsage[]>
  /** Replaces the usage of the named subaccounts. */
  saveUsage(usages: readonly SubaccountUsage[]): Promise<void>
  /** Forgets all other subaccounts. */
  retainUsage(subaccountKeys: readonly string[]): Promise<void>
}
