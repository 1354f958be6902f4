import { styleText } from 'node:util'

/** How a text stands out: only on a terminal, never in a file or pipe, and not with NO_COLOR (no-color.org). */
export interface Style {
  strong(text: string): string
  good(text: string): string
  bad(text: string): string
  dim(text: string): string
}

/** Chooses colours for a stream once, from what it is and from the environment. */
export function createStyle(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Style {
  const enabled = isTerminal && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb'
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    enabled ? styleText(format, text, { validateStream: false }) : text
  return { strong: paint('bold'), good: paint('green'), bad: paint('red'), dim: paint('dim') }
}
