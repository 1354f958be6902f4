/** Values that one source sets, by dotted path. A later source replaces an earlier one setting by setting. */
export type GivenValues = ReadonlyMap<string, GivenValue>

export interface GivenValue {
  readonly value: unknown
  /** Where a person finds it, for messages and for `landbridge config print`. */
  readonly origin: string
}
