import type { DistinguishedName, NameAttribute } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'

/** The attributes that a subject pattern may use (guide L20657). */
export const subjectAttributes = ['CN', 'EMAIL', 'L', 'O', 'OU', 'ST', 'C'] as const

const maxValueLength = 255

/**
 * Checks that a value can stand in a certificate exactly as it is. What an encoding would have to change or what
 * readers of names stumble over is refused: a certificate must never name another user than the token does.
 * @throws PlatformError PROPAGATION_SUBJECT
 */
export function checkSubject(name: DistinguishedName): DistinguishedName {
  for (const attribute of name) {
    const reason = problemOf(attribute)
    if (reason !== null) throw new PlatformError('PROPAGATION_SUBJECT', { reason: `${attribute.type} ${reason}` })
  }
  return name
}

function problemOf({ type, value }: NameAttribute): string | null {
  if (value === '') return 'would be empty'
  if (value.length > maxValueLength) return `would be longer than ${maxValueLength} characters`
  // A NUL ends the name for readers written in C; unpaired surrogates have no UTF-8 form.
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) return 'would hold control characters or broken Unicode'
  // Encoded as IA5String, which has no other characters: they would be replaced, possibly by those of another user.
  if (type === 'EMAIL' && !/^[\x20-\x7e]+$/.test(value)) return 'would hold characters other than ASCII'
  // RFC 5280 appendix A.1: exactly two letters.
  if (type === 'C' && !/^[A-Za-z]{2}$/.test(value)) return 'would not be a country code of two letters'
  return null
}
