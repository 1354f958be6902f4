/** Longest name of a function module. */
const maxNameCharacters = 30

/**
 * The name in a function tag: one byte per character in a logon, two afterwards, in either byte order; blanks at its end
 * do not belong to it. undefined when it is no name that an ABAP system could know: anything but 1 to 30 printable ASCII
 * characters. So no two readings of the bytes are both names, and the one that is read is the one that is meant.
 */
export function readFunctionName(value: Buffer): string | undefined {
  const text = readText(value)?.replace(/ +$/, '')
  return text !== undefined && text.length > 0 && text.length <= maxNameCharacters && !text.includes(' ')
    ? text
    : undefined
}

/** Printable ASCII text in one or two bytes per character; undefined for anything else. */
export function readText(value: Buffer): string | undefined {
  const single = value.toString('latin1')
  if (/^[\x20-\x7e]*$/.test(single)) return single
  if (value.length % 2 !== 0) return undefined
  if (/^(?:[\x20-\x7e]\0)+$/.test(single)) return value.toString('utf16le')
  if (/^(?:\0[\x20-\x7e])+$/.test(single)) return Buffer.from(value).swap16().toString('utf16le')
  return undefined
}

/** Text as the partner with this code page reads it: `4102` is big-endian, `4103` and all others little-endian. */
export function writeText(text: string, codePage: string): Buffer {
  const bytes = Buffer.from(text, 'utf16le')
  return codePage === '4102' ? bytes.swap16() : bytes
}
