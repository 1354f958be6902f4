/** One property of a text, with the paragraph it stands in: paragraphs are parted by empty lines and comments. */
export interface PropertyLine {
  readonly key: string
  readonly value: string
  readonly paragraph: number
  /** Counted from 1. */
  readonly line: number
}

export interface PropertiesText {
  readonly lines: readonly PropertyLine[]
  /** Comments without their sign, each with the paragraph that follows it. */
  readonly comments: readonly { readonly text: string; readonly paragraph: number }[]
  readonly problems: readonly string[]
}

/**
 * Reads Java properties (java.util.Properties.load): `key=value`, `key: value` or `key value`, continued by a backslash
 * at the end of a line, with the escapes `\t \n \r \f \uXXXX`, comments after `#` and `!`. The text was decoded
 * as ISO 8859-1 (guide L6266).
 */
export function parseProperties(text: string): PropertiesText {
  const lines: PropertyLine[] = []
  const comments: { text: string; paragraph: number }[] = []
  const problems: string[] = []
  let paragraph = 0
  let isFilled = false
  for (const { content, line } of logicalLines(text)) {
    const isComment = content.startsWith('#') || content.startsWith('!')
    if (content === '' || isComment) {
      if (isFilled) paragraph++
      isFilled = false
      if (isComment) comments.push({ text: content.slice(1), paragraph })
      continue
    }
    isFilled = true
    const { key, value } = split(content)
    const [readableKey, readableValue] = [unescaped(key), unescaped(value)]
    if (readableKey === undefined || readableValue === undefined)
      problems.push(`line ${line}: \\u must be followed by four hexadecimal digits`)
    else lines.push({ key: readableKey, value: readableValue, paragraph, line })
  }
  return { lines, comments, problems }
}

/** Lines with their continuations, without the white space before each of them. */
function* logicalLines(text: string): Generator<{ content: string; line: number }> {
  const natural = text.split(/\r\n|\r|\n/)
  for (let index = 0; index < natural.length; index++) {
    const line = index + 1
    let content = trimmed(natural[index])
    const isComment = content.startsWith('#') || content.startsWith('!')
    while (!isComment && isContinued(content) && index + 1 < natural.length)
      content = content.slice(0, -1) + trimmed(natural[++index])
    yield { content: !isComment && isContinued(content) ? content.slice(0, -1) : content, line }
  }
}

function trimmed(line = ''): string {
  return line.replace(/^[ \t\f]+/, '')
}

/** An odd number of backslashes at the end. */
function isContinued(line: string): boolean {
  const [slashes = ''] = /\\*$/.exec(line) ?? []
  return slashes.length % 2 === 1
}

function split(line: string): { key: string; value: string } {
  let end = 0
  while (end < line.length && !/[=: \t\f]/.test(line.charAt(end))) end += line[end] === '\\' ? 2 : 1
  const key = line.slice(0, end)
  return { key, value: line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '') }
}

const letters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string): string | undefined {
  if (/(?:^|[^\\])(?:\\\\)*\\u(?![0-9a-fA-F]{4})/.test(text)) return undefined
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S]|$)/g, (_all, code: string) =>
    code.length === 5 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (letters[code] ?? code),
  )
}

/** A line that `parseProperties` and java.util.Properties.load read back; only ASCII comes out. */
export function propertyLine(key: string, value: string): string {
  return `${escaped(key, true)}=${escaped(value, false)}`
}

function escaped(text: string, isKey: boolean): string {
  return text.replace(/[\s\S]/g, (character, index: number) => {
    const code = character.charCodeAt(0)
    if (character === ' ') return isKey || index === 0 ? '\\ ' : ' '
    if ('\\=:#!'.includes(character)) return `\\${character}`
    const letter = Object.keys(letters).find((name) => letters[name] === character)
    if (letter !== undefined) return `\\${letter}`
    return code < 0x20 || code > 0x7e ? `\\u${code.toString(16).padStart(4, '0')}` : character
  })
}
