/** Levels of protection by their numbers: authentication, integrity, privacy, the default and the most of the library. */
export const qualitiesOfProtection = [1, 2, 3, 8, 9] as const
export type QualityOfProtection = (typeof qualitiesOfProtection)[number]

/** Secure network communication of RFC (guide L18972). Kept and shown; nothing of the library is ever loaded. */
export interface SncSettings {
  /** Absolute path of the library on this machine. */
  readonly libraryName: string
  /** Empty: the library takes the identity of the operating system's user (guide L20464). */
  readonly myName: string
  readonly qualityOfProtection: QualityOfProtection
}

/**
 * Which settings of RFC SNC are there and which are missing, for callers and administrators. Names only: whoever calls
 * has no business with paths of this machine.
 * @param partnerName that of the mapping; empty when it has none
 */
export function sncFindings(settings: SncSettings | undefined, partnerName: string): string {
  const parts: readonly (readonly [name: string, isThere: boolean])[] = [
    ['the library name and the quality of protection of the Cloud Connector', settings !== undefined],
    ['the SNC partner name of the mapping', partnerName !== ''],
  ]
  const named = (wanted: boolean): string =>
    parts
      .filter(([, isThere]) => isThere === wanted)
      .map(([name]) => name)
      .join(', ') || 'none'
  return `SNC settings that are there: ${named(true)}; that are missing: ${named(false)}.`
}
