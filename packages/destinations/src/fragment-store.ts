import type { Label, LabelStore } from './labels.ts'
import type { Level } from './level.ts'
import type { Properties } from './properties.ts'

/** Properties that a find request may lay over a destination of the same level. */
export interface StoredFragment {
  readonly level: Level
  readonly name: string
  /** With `FragmentName`, in the order in which they were written. */
  readonly properties: Properties
  readonly labels?: readonly Label[]
  /** 64 hexadecimal digits, another value after every write. */
  readonly etag: string
  readonly modifiedAtMs: number
}

/** Keeps fragments. Each write is one transaction; names are unique per level and compared byte by byte. */
export interface FragmentStore extends LabelStore {
  /** All fragments of a level, by name. */
  list(level: Level): Promise<readonly StoredFragment[]>
  find(level: Level, name: string): Promise<StoredFragment | undefined>
  /** @throws PlatformError DESTINATION_DUPLICATE when the level has this name. */
  create(level: Level, properties: Properties): Promise<StoredFragment>
  /** Replaces all properties; undefined when the level has no such name. */
  replace(level: Level, properties: Properties): Promise<StoredFragment | undefined>
  /** False when the level has no such name. */
  remove(level: Level, name: string): Promise<boolean>
}
