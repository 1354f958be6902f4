import type { PassFigures, RequestFigures } from '../figures.ts'
import { median } from './subject.ts'

/**
 * The median of a comparison made pass by pass. What else runs on the host of a virtual machine changes its speed by a
 * third from one minute to the next; two runs of one pass are seconds apart, and their ratio says what ten minutes do not.
 * @returns undefined when the two have no pass in common
 */
export function paired(
  own: RequestFigures | undefined,
  other: RequestFigures | undefined,
  compare: (own: PassFigures, other: PassFigures) => number,
): number | undefined {
  if (own === undefined || other === undefined) return undefined
  const values = Object.entries(own.passes).flatMap(([pass, figures]) => {
    const met = other.passes[pass]
    return met === undefined ? [] : [compare(figures, met)]
  })
  return values.length === 0 ? undefined : median(values)
}
