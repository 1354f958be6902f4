import type { Label, LabelStore } from './labels.ts'
import type { Level } from './level.ts'
import type { Properties } from './properties.ts'

export interface StoredDestination {
  readonly level: Level
  readonly name: string
  readonly properties: Properties
  readonly labels?: readonly Label[]
  /** 64 hexadecimal digits, another value after every write. It tells nothing about the content. */
  readonly etag: string
  readonly modifiedAtMs: number
}

/** What became of a removal; `usedBy` names the destination that needs this one as assertion provider. */
export type Removal = 'removed' | 'absent' | { readonly usedBy: string }

/** Keeps destinations. Each write is one transaction; names are unique per level and compared byte by byte. */
export interface DestinationStore extends LabelStore {
  /** All destinations of a level, by name. */
  list(level: Level): Promise<readonly StoredDestination[]>
  find(level: Level, name: string): Promise<StoredDestination | undefined>
  /** @throws PlatformError DESTINATION_DUPLICATE when the level has this name. */
  create(level: Level, properties: Properties): Promise<StoredDestination>
  /** Replaces all properties; undefined when the level has no such name. */
  replace(level: Level, properties: Properties): Promise<StoredDestination | undefined>
  remove(level: Level, name: string): Promise<Removal>
  /**
   * Removes those that exist, as one transaction; returns their names. Nothing is removed when one of them provides an
   * assertion for a destination that stays: the answer names it.
   */
  removeAll(level: Level, names: readonly string[]): Promise<ReadonlySet<string> | { readonly needed: string }>
}
