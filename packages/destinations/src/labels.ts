import { PlatformError } from '@landbridge/kernel'
import type { Level } from './level.ts'

/** A label of a destination, fragment or certificate: a key and its values. */
export interface Label {
  readonly key: string
  readonly values: readonly string[]
}

/** Labels belong to an entry and go with it; writing them does not change its entity tag. */
export interface LabelStore {
  /**
   * Replaces the labels of an entry by what `change` makes of them, as one transaction.
   * @returns the new labels; undefined when the level has no such name
   */
  changeLabels(
    level: Level,
    name: string,
    change: (labels: readonly Label[]) => readonly Label[],
  ): Promise<readonly Label[] | undefined>
}

const mostLabels = 10
const mostValues = 10
const longestText = 63

/** @throws PlatformError DESTINATION_LABELS_INVALID unless the body is an array of `{key, values}` within the limits. */
export function readLabels(body: unknown): readonly Label[] {
  if (!Array.isArray(body)) throw invalid('the labels must be a JSON array')
  const labels = body.map(readLabel)
  if (new Set(labels.map((label) => label.key)).size < labels.length) throw invalid('a key occurs twice')
  return withinLimits(labels)
}

/** Adds values to labels, or removes them; a label without values goes. The body of PATCH: `{action, labels}`. */
export function patchLabels(body: unknown): (labels: readonly Label[]) => readonly Label[] {
  const { action, labels } = Object(body) as Record<string, unknown>
  if (action !== 'ADD' && action !== 'DELETE') throw invalid('action must be ADD or DELETE')
  const patch = readLabels(labels)
  return (existing) => {
    const values = new Map(existing.map((label) => [label.key, new Set(label.values)]))
    for (const label of patch) {
      const known = values.get(label.key) ?? new Set<string>()
      for (const value of label.values) action === 'ADD' ? known.add(value) : known.delete(value)
      values.set(label.key, known)
    }
    return withinLimits([...values].filter(([, set]) => set.size > 0).map(([key, set]) => ({ key, values: [...set] })))
  }
}

function readLabel(element: unknown): Label {
  const { key, values } = Object(element) as Record<string, unknown>
  if (!isText(key)) throw invalid(`a key must be a text of 1 to ${longestText} characters`)
  if (!Array.isArray(values) || values.length === 0 || !values.every(isText))
    throw invalid(`the values of ${key} must be an array of texts of 1 to ${longestText} characters`)
  return { key, values: [...new Set(values)] }
}

function withinLimits(labels: readonly Label[]): readonly Label[] {
  if (labels.length > mostLabels) throw invalid(`there may be ${mostLabels} labels at most`)
  const full = labels.find((label) => label.values.length > mostValues)
  if (full !== undefined) throw invalid(`${full.key} may have ${mostValues} values at most`)
  return labels
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestText && !value.includes('\0')
}

function invalid(reason: string): PlatformError {
  return new PlatformError('DESTINATION_LABELS_INVALID', { reason })
}
