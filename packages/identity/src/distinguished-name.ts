import { PlatformError } from '@landbridge/kernel'

/** One attribute of a name, for example `{ type: 'CN', value: 'demo' }`. The value is plain text, not escaped. */
export interface NameAttribute {
  readonly type: string
  readonly value: string
}

/** A distinguished name in the order in which it is written: the most specific attribute first. */
export type DistinguishedName = readonly NameAttribute[]

/** What callers may give as a subject: a list, a record (its keys in order), or a text in the form of RFC 4514. */
export type SubjectInput = DistinguishedName | Readonly<Record<string, string>> | string

/** Attribute types by the names that certificates and the guide use. */
const oidOf: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  GIVENNAME: '2.5.4.42',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  EMAIL: '1.2.840.113549.1.9.1',
}

const synonym: Readonly<Record<string, string>> = {
  E: 'EMAIL',
  EMAILADDRESS: 'EMAIL',
  S: 'ST',
  SP: 'ST',
  G: 'GIVENNAME',
}

const nameOf: ReadonlyMap<string, string> = new Map(Object.entries(oidOf).map(([name, oid]) => [oid, name]))

/** The object identifier of an attribute type, undefined when it is neither known nor an identifier itself. */
export function attributeOid(type: string): string | undefined {
  if (/^\d+(\.\d+)+$/.test(type)) return type
  const name = type.toUpperCase()
  return oidOf[synonym[name] ?? name]
}

/** The usual short name of an object identifier, or the identifier itself. */
export function attributeName(oid: string): string {
  return nameOf.get(oid) ?? oid
}

/** @throws PlatformError SUBJECT_INVALID for an empty name, an unknown attribute type or an empty value. */
export function toDistinguishedName(input: SubjectInput): DistinguishedName {
  const name = typeof input === 'string' ? parseDistinguishedName(input) : isList(input) ? input : fromRecord(input)
  if (name.length === 0) throw invalid('the name is empty')
  for (const { type, value } of name) {
    if (attributeOid(type) === undefined) throw invalid(`the attribute type ${type} is not known`)
    if (value === '') throw invalid(`the value of ${type} is empty`)
  }
  return name
}

function isList(input: DistinguishedName | Readonly<Record<string, string>>): input is DistinguishedName {
  return Array.isArray(input)
}

function fromRecord(input: Readonly<Record<string, string>>): DistinguishedName {
  return Object.entries(input).map(([type, value]) => ({ type, value }))
}

/** Writes `CN=demo,L=region,O=Acme\, Inc.`: escaped as RFC 4514 section 2.4 demands, no blanks between attributes. */
export function formatDistinguishedName(name: DistinguishedName): string {
  return name.map(formatAttribute).join(',')
}

export function formatAttribute({ type, value }: NameAttribute): string {
  return `${type}=${escapeValue(value)}`
}

function escapeValue(value: string): string {
  const escaped = value.replaceAll(/[\\",+;<>=]/g, String.raw`\$&`).replaceAll('\0', String.raw`\00`)
  const start = escaped.replace(/^[# ]/, String.raw`\$&`)
  return start.endsWith(' ') && start !== String.raw`\ ` ? `${start.slice(0, -1)}\\ ` : start
}

/**
 * Reads a name in the form of RFC 4514, blanks around separators and quoted values (RFC 2253) included.
 * Names with several attributes in one step (`CN=a+UID=b`) are refused: nothing here needs them.
 * @throws PlatformError SUBJECT_INVALID
 */
export function parseDistinguishedName(text: string): DistinguishedName {
  const reader = new NameReader(text)
  const name: NameAttribute[] = []
  if (text.trim() === '') return name
  do name.push(reader.attribute())
  while (reader.isAtSeparator())
  return name
}

class NameReader {
  readonly #text: string
  #at: number

  constructor(text: string) {
    this.#text = text
    this.#at = 0
  }

  attribute(): NameAttribute {
    const equals = this.#text.indexOf('=', this.#at)
    if (equals < 0) throw invalid('an attribute has no "="')
    const type = this.#text.slice(this.#at, equals).trim()
    if (!/^([A-Za-z][\w-]*|\d+(\.\d+)+)$/.test(type)) throw invalid('an attribute type is not valid')
    this.#at = equals + 1
    this.#skipBlanks()
    const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#plain()
    return { type, value }
  }

  /** True, and the separator consumed, when another attribute must follow. */
  isAtSeparator(): boolean {
    if (this.#at >= this.#text.length) return false
    this.#at++
    return true
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #plain(): string {
    const bytes: number[] = []
    let keep = 0
    for (; this.#at < this.#text.length; ) {
      const char = this.#text[this.#at]!
      if (char === ',' || char === ';') break
      if (char === '+' || char === '"' || char === '<' || char === '>') throw invalid(`"${char}" must be escaped`)
      if (char === '\\') {
        bytes.push(...this.#escape())
        keep = bytes.length
        continue
      }
      bytes.push(...this.#character())
      if (char !== ' ') keep = bytes.length
    }
    return decode(bytes.slice(0, keep))
  }

  #quoted(): string {
    const bytes: number[] = []
    this.#at++
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) throw invalid('a quotation mark is missing')
      if (char === '"') break
      bytes.push(...(char === '\\' ? this.#escape() : this.#character()))
    }
    this.#at++
    this.#skipBlanks()
    const next = this.#text[this.#at]
    if (next !== undefined && next !== ',' && next !== ';') throw invalid('text follows a quoted value')
    return decode(bytes)
  }

  #character(): Uint8Array {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
    this.#at += char.length
    return Buffer.from(char)
  }

  #escape(): Uint8Array {
    const hex = /^[0-9A-Fa-f]{2}/.exec(this.#text.slice(this.#at + 1, this.#at + 3))
    if (hex !== null) {
      this.#at += 3
      return Buffer.from(hex[0], 'hex')
    }
    this.#at++
    if (this.#at >= this.#text.length) throw invalid('an escape is cut short')
    return this.#character()
  }
}

function decode(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes))
  } catch {
    throw invalid('an escaped value is not UTF-8')
  }
}

function invalid(reason: string): PlatformError {
  return new PlatformError('SUBJECT_INVALID', { reason })
}
