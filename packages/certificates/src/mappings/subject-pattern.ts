import { attributeName, attributeOid, type DistinguishedName, toDistinguishedName } from '@landbridge/identity'
import { isPlatformError, PlatformError } from '@landbridge/kernel'

const longestValue = 128
const mostAttributes = 20

/** Subjects with the same attributes in the same order, each of whose values fits; `*` stands for any text. */
export type SubjectPattern = DistinguishedName

/**
 * Reads `CN=*.erp.example.test,O=Acme`. Values are compared without regard to case (RFC 5280 section 7.1).
 * @throws PlatformError SUBJECT_PATTERN_INVALID
 */
export function parseSubjectPattern(text: string): SubjectPattern {
  if (text.length > 2_000) throw invalid('it is longer than 2000 characters')
  const pattern = readName(text).map(({ type, value }) => ({
    type: canonicalType(type),
    value: value.toLowerCase().replace(/\*+/g, '*'),
  }))
  if (pattern.length > mostAttributes) throw invalid(`it has more than ${mostAttributes} attributes`)
  const long = pattern.find(({ value }) => value.length > longestValue)
  if (long !== undefined) throw invalid(`the value of ${long.type} is longer than ${longestValue} characters`)
  return pattern
}

function readName(text: string): DistinguishedName {
  try {
    return toDistinguishedName(text)
  } catch (cause) {
    if (!isPlatformError(cause)) throw cause
    throw invalid(String(cause.facts.reason), cause)
  }
}

function invalid(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('SUBJECT_PATTERN_INVALID', { reason }, cause === undefined ? {} : { cause })
}

/** `E` and `EMAIL` are one attribute, and so is its object identifier. */
function canonicalType(type: string): string {
  return attributeName(attributeOid(type) ?? type)
}

export function matchesSubject(pattern: SubjectPattern, subject: DistinguishedName): boolean {
  return (
    pattern.length === subject.length &&
    pattern.every(({ type, value }, at) => {
      const attribute = subject[at]
      return attribute?.type === type && matchesText(value, attribute.value.toLowerCase())
    })
  )
}

/** Whether some subject fits both. */
export function overlap(one: SubjectPattern, other: SubjectPattern): boolean {
  return (
    one.length === other.length &&
    one.every(({ type, value }, at) => {
      const attribute = other[at]
      return attribute?.type === type && textsOverlap(value, attribute.value)
    })
  )
}

/** Linear in practice: only the last `*` is ever tried again, so that no subject makes this slow. */
function matchesText(pattern: string, text: string): boolean {
  let inPattern = 0
  let inText = 0
  let star = -1
  let afterStar = 0
  while (inText < text.length)
    if (pattern[inPattern] === '*') {
      star = inPattern++
      afterStar = inText
    } else if (inPattern < pattern.length && pattern[inPattern] === text[inText]) {
      inPattern++
      inText++
    } else if (star >= 0) {
      inPattern = star + 1
      inText = ++afterStar
    } else return false
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}

/** Whether some text fits both: row by row over the ends of the two patterns. */
function textsOverlap(one: string, other: string): boolean {
  // fits[j]: what is left of `one` and what is left of `other` from j have a text in common.
  let below = Array.from({ length: other.length + 1 }, (_, from) => /^\**$/.test(other.slice(from)))
  for (let i = one.length - 1; i >= 0; i--) {
    const fits = new Array<boolean>(other.length + 1).fill(false)
    for (let j = other.length; j >= 0; j--) fits[j] = fitsAt(one[i], other[j], fits[j + 1], below[j], below[j + 1])
    below = fits
  }
  return below[0] === true
}

function fitsAt(
  one: string | undefined,
  other: string | undefined,
  withoutOther: boolean | undefined,
  withoutOne: boolean | undefined,
  withoutBoth: boolean | undefined,
): boolean {
  // A star is over, or takes one more character: of a text, or whatever a star there stands for.
  if (one === '*') return withoutOne === true || (other !== undefined && withoutOther === true)
  if (other === '*') return withoutOther === true || withoutOne === true
  return one === other && withoutBoth === true
}
