/** The cloud side takes no longer descriptions of connectors and subaccounts (UTF-16 characters). */
export const longestDescription = 1_000

/** A description as the cloud side is told it: what came by another way than the REST API is cut, not refused there. */
export function toldDescription(text: string): string {
  return text.slice(0, longestDescription)
}
