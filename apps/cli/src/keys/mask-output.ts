import { stripVTControlCharacters } from 'node:util'

const masked = '[masked]'
/** What base64 and hexadecimal keys, tokens and their like look like: long, and of all kinds of characters. */
const longWord = /[\w+/=-]{24,}/g
const named = /((?:password|passwd|secret|token|api_?key|bearer)["']?\s*[=: ]\s*["']?)[^\s"']+/gi
const shownCharacters = 600

/**
 * Makes what a foreign program wrote fit to be shown in an error: the secrets given, and what looks like one, are masked,
 * control characters are gone, and of a long text the end is left.
 */
export function maskOutput(text: string, secrets: readonly string[]): string {
  let safe = stripVTControlCharacters(text)
  for (const secret of secrets.toSorted((a, b) => b.length - a.length))
    if (secret.length >= 4) safe = safe.replaceAll(secret, masked)
  safe = safe
    .replace(longWord, (word) => (looksSecret(word) ? masked : word))
    .replace(named, `$1${masked}`)
    .split(/\p{Cc}+/u)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' | ')
  return safe.length <= shownCharacters ? safe : `… ${safe.slice(-shownCharacters)}`
}

function looksSecret(word: string): boolean {
  return /^[\da-f]{32,}$/i.test(word) || [/\d/, /[a-z]/, /[A-Z]/].every((kind) => kind.test(word))
}
