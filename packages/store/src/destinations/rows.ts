import type { Label, Level } from '@landbridge/destinations'
import { toStoreError } from '../base/errors.ts'

/** Runs a statement; what a driver throws leaves here as a row of the error catalogue. */
export async function run<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw toStoreError(thrown)
  }
}

/** PostgreSQL refuses a NUL in a text, even when it is only compared. */
export function isImpossible(name: string): boolean {
  return name.includes('\0')
}

/** Sorted here: databases order text by their locale, and the two would disagree. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** The level of a row. */
export function levelOf(row: { level: string; subaccount_id: string; instance_id: string }): Level {
  // Only the stores of this folder write the column.
  return { kind: row.level as Level['kind'], subaccountId: row.subaccount_id, instanceId: row.instance_id }
}

/** Labels as they are kept: `readLabels` checked them before they were written. */
export function labelsOf(row: { labels: string | null }): readonly Label[] {
  return row.labels === null ? [] : JSON.parse(row.labels)
}

export function labelsColumn(labels: readonly Label[]): string | null {
  return labels.length === 0 ? null : JSON.stringify(labels)
}
