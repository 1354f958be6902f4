import { errorEntry, PlatformError } from '@landbridge/kernel'
import type { Style } from './style.ts'

/** An error for the terminal: what happened, the facts that explain it one per line, and what to do next. */
export function errorText(thrown: unknown, style: Style): string {
  if (!(thrown instanceof PlatformError)) return `${style.bad('Error:')} ${unexpected(thrown)}`
  const entry = errorEntry(thrown.code)
  const lines = [`${style.bad('Error:')} ${entry.title}. ${style.dim(`[${thrown.code}]`)}`]
  for (const name of entry.show) {
    const value = thrown.facts[name]
    if (value === undefined) continue
    if (Array.isArray(value)) lines.push(`  ${name}:`, ...value.map((item) => `    - ${item}`))
    else lines.push(`  ${name}: ${String(value)}`)
  }
  lines.push(`  ${style.strong('What to do:')} ${entry.remedy}`)
  return lines.join('\n')
}

function unexpected(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return `${thrown.stack ?? thrown.message}\n  This is a fault of Landbridge. Please report it with the lines above.`
}
