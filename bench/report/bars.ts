import { readFileSync } from 'node:fs'
import type { BarResult } from '../figures.ts'

/** A line of budgets.json: a figure of the report by its path, and where it must lie. */
export interface Bar {
  readonly id: string
  readonly text: string
  /** Property names from the report's root, joined by dots. */
  readonly figure: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** Reads the bars from budgets.json. */
export function readBars(): readonly Bar[] {
  const text = readFileSync(new URL('../budgets.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { bars: Bar[] }).bars
}

/** Compares one bar with the figures of a run. */
export function judge(bar: Bar, figures: unknown): BarResult {
  const measured = lookUp(figures, bar.figure)
  const wanted = bar.atLeast === undefined ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`
  return { id: bar.id, text: bar.text, wanted, measured, verdict: verdictOf(bar, measured) }
}

function verdictOf(bar: Bar, measured: number | null): BarResult['verdict'] {
  if (measured === null) return 'not measured'
  const holds = measured >= (bar.atLeast ?? measured) && measured <= (bar.atMost ?? measured)
  return holds ? 'pass' : 'fail'
}

function lookUp(figures: unknown, path: string): number | null {
  let value = figures
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Record<string, unknown>)[name]
  }
  return typeof value === 'number' ? value : null
}
