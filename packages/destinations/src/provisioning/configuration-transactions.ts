import type { CertificateStore } from '../certificate-store.ts'
import type { DestinationStore } from '../destination-store.ts'
import type { Level } from '../level.ts'
import type { Properties } from '../properties.ts'

/** Writing fragments; what it answers is not looked at. */
export interface FragmentWriter {
  find(level: Level, name: string): Promise<unknown>
  create(level: Level, properties: Properties): Promise<unknown>
  replace(level: Level, properties: Properties): Promise<unknown>
}

/** The stores within one transaction. A store that is absent takes nothing. */
export interface ConfigurationStores {
  readonly destinations: Pick<DestinationStore, 'find' | 'create' | 'replace'>
  readonly certificates?: Pick<CertificateStore, 'find' | 'create' | 'replace'>
  readonly fragments?: FragmentWriter
}

/** Whose content goes away: of an instance on all its levels, or of a subaccount with what its instances hold. */
export type ContentOwner = { readonly instanceId: string } | { readonly subaccountId: string }

/** Writes that belong together. */
export interface ConfigurationTransactions {
  /** Keeps everything that `work` writes, or nothing when it throws. */
  run(work: (stores: ConfigurationStores) => Promise<void>): Promise<void>
  /** Removes destinations, fragments, certificates and whatever else the owner has. */
  removeContent(owner: ContentOwner): Promise<void>
}
