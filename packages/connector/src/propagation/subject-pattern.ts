import { type DistinguishedName, formatDistinguishedName, parseDistinguishedName } from '@landbridge/identity'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { checkSubject, subjectAttributes } from './subject-attributes.ts'
import type { TokenAttributes } from './token-attributes.ts'

export const conditionOperators = ['exists', 'does not exist', 'is', 'is not'] as const
export type ConditionOperator = (typeof conditionOperators)[number]

export interface SubjectCondition {
  /** Without `${}`. */
  readonly variable: string
  readonly operator: ConditionOperator
  /** Only with `is` and `is not`. */
  readonly value?: string
}

/** One rule: whose tokens it is for, and the name that their certificates bear. */
export interface SubjectPatternRule {
  readonly description?: string
  /** Absent: always true. Only the last rule lacks it, and the last rule always does (guide L20589). */
  readonly condition?: SubjectCondition
  /** A distinguished name (RFC 4514) whose values may hold `${variable}`, for example `CN=${name},OU=Sales`. */
  readonly subject: string
}

export const defaultSubjectRules: readonly SubjectPatternRule[] = [{ subject: 'CN=${name}' }]

type Part = { readonly text: string } | { readonly variable: string }

interface CompiledRule {
  readonly condition: SubjectCondition | undefined
  readonly attributes: readonly { readonly type: string; readonly parts: readonly Part[] }[]
}

const maxRules = 100
const maxAttributes = 20

/** The ordered rules of a connector. Immutable. */
export class SubjectPatterns {
  readonly #rules: readonly CompiledRule[]

  /** @throws PlatformError PROPAGATION_PATTERN_INVALID with the number of the rule, counted from 1. */
  constructor(rules: readonly SubjectPatternRule[]) {
    if (rules.length === 0 || rules.length > maxRules) throw invalid(0, `there must be 1 to ${maxRules} rules`)
    this.#rules = rules.map((rule, index) => compile(rule, index + 1, index === rules.length - 1))
  }

  /**
   * The subject for a user: the first rule whose condition holds decides. Claims become values of attributes, never
   * syntax, so that no claim can add or change an attribute.
   * @throws PlatformError PROPAGATION_SUBJECT when a variable is missing or a value cannot stand in a certificate.
   */
  subjectOf(token: TokenAttributes): DistinguishedName {
    const rule = this.#rules.find(({ condition }) => condition === undefined || holds(condition, token))
    // The last rule has no condition.
    const { attributes } = rule as CompiledRule
    return checkSubject(
      attributes.map(({ type, parts }) => ({
        type,
        value: parts.map((part) => ('text' in part ? part.text : valueFrom(part.variable, token))).join(''),
      })),
    )
  }

  /** Every variable that a subject uses, for whoever wants to try the rules out. */
  variables(): readonly string[] {
    const parts = this.#rules.flatMap(({ attributes }) => attributes.flatMap((attribute) => attribute.parts))
    return [...new Set(parts.flatMap((part) => ('variable' in part ? [part.variable] : [])))]
  }
}

function holds({ variable, operator, value }: SubjectCondition, token: TokenAttributes): boolean {
  const values = token.values(variable)
  switch (operator) {
    case 'exists':
      return values.length > 0
    case 'does not exist':
      return values.length === 0
    case 'is':
      return values.includes(value ?? '')
    case 'is not':
      // An absent attribute is not "another value" (guide L20620).
      return values.length > 0 && !values.includes(value ?? '')
    default:
      return operator satisfies never
  }
}

function valueFrom(variable: string, token: TokenAttributes): string {
  const [value, ...more] = token.values(variable)
  if (value === undefined) throw new PlatformError('PROPAGATION_SUBJECT', { reason: `the token has no ${variable}` })
  if (more.length > 0)
    throw new PlatformError('PROPAGATION_SUBJECT', { reason: `the token has several values of ${variable}` })
  return value
}

function compile({ condition, subject }: SubjectPatternRule, number: number, isLast: boolean): CompiledRule {
  if (isLast && condition !== undefined) throw invalid(number, 'the last rule must not have a condition')
  if (!isLast && condition === undefined) throw invalid(number, 'only the last rule may lack a condition')
  if (condition !== undefined) checkCondition(condition, number)
  const name = readSubject(subject, number)
  if (name.length === 0 || name.length > maxAttributes)
    throw invalid(number, `the subject must have 1 to ${maxAttributes} attributes`)
  const attributes = name.map(({ type, value }) => {
    const known = subjectAttributes.find((attribute) => attribute === canonicalType(type))
    if (known === undefined) throw invalid(number, `${type} is not one of ${subjectAttributes.join(', ')}`)
    const parts = readParts(value, number)
    // What holds no variable can be checked now.
    if (parts.every((part) => 'text' in part)) checkFixed([{ type: known, value }], number)
    return { type: known, parts }
  })
  return { condition, attributes }
}

function checkCondition({ variable, operator, value }: SubjectCondition, number: number): void {
  if (variable === '' || /[${}\p{Cc}]/u.test(variable)) throw invalid(number, 'the variable has no valid name')
  if (!conditionOperators.includes(operator))
    throw invalid(number, `the operator must be one of ${conditionOperators.join(', ')}`)
  const takesValue = operator === 'is' || operator === 'is not'
  if (takesValue !== (value !== undefined && value !== ''))
    throw invalid(number, takesValue ? `the operator "${operator}" needs a value` : `"${operator}" takes no value`)
  if (variable === 'user_type' && takesValue && value !== 'Technical' && value !== 'Business')
    throw invalid(number, 'user_type is either Technical or Business')
}

function canonicalType(type: string): string {
  const upper = type.toUpperCase()
  return upper === 'E' || upper === 'EMAILADDRESS' ? 'EMAIL' : upper === 'S' || upper === 'SP' ? 'ST' : upper
}

function readSubject(subject: string, number: number): DistinguishedName {
  try {
    return parseDistinguishedName(subject)
  } catch (failure) {
    if (!isPlatformError(failure, 'SUBJECT_INVALID')) throw failure
    throw invalid(number, `the subject is not a distinguished name: ${String(failure.facts.reason)}`)
  }
}

function checkFixed(name: DistinguishedName, number: number): void {
  try {
    checkSubject(name)
  } catch {
    throw invalid(number, `${formatDistinguishedName(name)} cannot stand in a certificate`)
  }
}

function readParts(value: string, number: number): readonly Part[] {
  if (value === '') throw invalid(number, 'an attribute is empty')
  const parts: Part[] = []
  let at = 0
  for (;;) {
    const start = value.indexOf('${', at)
    if (start < 0) break
    const end = value.indexOf('}', start)
    const variable = end < 0 ? '' : value.slice(start + 2, end).trim()
    if (variable === '' || variable.includes('$')) throw invalid(number, 'a variable does not have the form ${name}')
    if (start > at) parts.push({ text: value.slice(at, start) })
    parts.push({ variable })
    at = end + 1
  }
  if (at < value.length) parts.push({ text: value.slice(at) })
  return parts
}

function invalid(rule: number, reason: string): PlatformError {
  return new PlatformError('PROPAGATION_PATTERN_INVALID', { rule, reason })
}
