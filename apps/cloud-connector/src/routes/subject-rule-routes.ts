import {
  type ConditionOperator,
  checkPropagationSettings,
  defaultPropagationSettings,
  type PropagationSettings,
  type SubjectPatternRule,
  subjectAttributes,
} from '@landbridge/connector'
import { formatDistinguishedName, parseDistinguishedName } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Fields, invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { type ApiContext, linksOf, parameters, sendCreated, sendJson, sendNothing } from './context.ts'

/** Both spellings are in use. */
const areas = ['onPremise', 'onPremises'] as const

/** How clients write an operator, and how answers do. */
const operators: Readonly<Record<string, ConditionOperator>> = {
  exist: 'exists',
  exist_not: 'does not exist',
  is: 'is',
  is_not: 'is not',
}
const always = 'always_true'

/**
 * Rules that name users in certificates, one by one as clients of later versions of the original manage them: rules are
 * addressed by their position, a new one comes first, and the one that is always true stays last.
 */
export function subjectRuleRoutes(api: FastifyInstance, context: ApiContext): void {
  for (const area of areas) {
    const url = `/api/v1/configuration/connector/${area}/subjectPatternRules`
    api.get(url, (_request, reply) => sendJson(reply, rulesOf(context).map(ruleJson)))
    api.post(url, async (request, reply) => {
      const rule = readRule(readFields(request))
      if (rule.condition === undefined) throw invalid('condition', 'that is always true has the last rule already')
      await change(context, request, 'create', (rules) => [rule, ...rules])
      return sendCreated(reply, linksOf(request, context).to(`/connector/${area}/subjectPatternRules/0`))
    })
    api.get(`${url}/:index`, (request, reply) => {
      const rules = rulesOf(context)
      return sendJson(reply, ruleJson(rules[positionIn(rules, request)]!))
    })
    api.put(`${url}/:index`, async (request, reply) => {
      const rule = readRule(readFields(request))
      await change(context, request, 'update', (rules) => rules.with(positionIn(rules, request), rule))
      return sendNothing(reply)
    })
    api.delete(`${url}/:index`, async (request, reply) => {
      await change(context, request, 'delete', (rules) => rules.toSpliced(positionIn(rules, request), 1))
      return sendNothing(reply)
    })
  }
}

function rulesOf({ store }: ApiContext): readonly SubjectPatternRule[] {
  return (store.current.settings.propagation ?? defaultPropagationSettings).subjectRules
}

/** Decides on the rules as all earlier changes left them: positions of parallel requests never mix. */
function change(
  { store }: ApiContext,
  request: FastifyRequest,
  action: 'create' | 'update' | 'delete',
  edit: (rules: readonly SubjectPatternRule[]) => readonly SubjectPatternRule[],
): Promise<void> {
  return store.change(request.actor, (current) => {
    const before: PropagationSettings = current.settings.propagation ?? defaultPropagationSettings
    const propagation = checkPropagationSettings({ ...before, subjectRules: edit(before.subjectRules) })
    return {
      next: { ...current, settings: { ...current.settings, propagation } },
      audit: { category: 'PrincipalPropagationConfiguration', action, object: 'subjectPatternRules' },
      result: undefined,
    }
  })
}

function positionIn(rules: readonly SubjectPatternRule[], request: FastifyRequest): number {
  const { index = '' } = parameters(request)
  const position = /^\d{1,4}$/.test(index) ? Number(index) : rules.length
  if (position >= rules.length) throw new PlatformError('CONNECTOR_SUBJECT_RULE_NOT_FOUND', { index })
  return position
}

function ruleJson({ description, condition, subject }: SubjectPatternRule): object {
  return {
    ...(description === undefined ? {} : { description }),
    condition:
      condition === undefined
        ? 'always true'
        : [condition.variable, condition.operator, condition.value].filter((part) => part !== undefined).join(' '),
    subjectPattern: Object.fromEntries(parseDistinguishedName(subject).map(({ type, value }) => [type, value])),
  }
}

function readRule(fields: Fields): SubjectPatternRule {
  const description = fields.text('description')
  const condition = readCondition(fields.members('condition'))
  return {
    ...(description === undefined ? {} : { description }),
    ...(condition === undefined ? {} : { condition }),
    subject: readPattern(fields.members('subjectPattern')),
  }
}

function readCondition(fields: Fields): SubjectPatternRule['condition'] {
  const wanted = fields.required('operator')
  if (wanted === always) return undefined
  const operator = Object.hasOwn(operators, wanted) ? operators[wanted] : undefined
  if (operator === undefined)
    throw invalid('operator', `must be one of ${[...Object.keys(operators), always].join(', ')}`)
  const value = fields.text('value')
  return {
    variable: fields.required('variable').replace(/^\$\{\s*(.*?)\s*\}$/, '$1'),
    operator,
    ...(value === undefined || value === '' ? {} : { value }),
  }
}

/** A name of single attributes, each at most once, in the order in which they came. */
function readPattern(fields: Fields): string {
  const unknown = fields.names.find((name) => !subjectAttributes.some((known) => known === name))
  if (unknown !== undefined)
    throw invalid('subjectPattern', `may hold ${subjectAttributes.join(', ')} and not ${unknown}`)
  const attributes = fields.names.map((type) => ({ type, value: fields.text(type) ?? '' }))
  return formatDistinguishedName(attributes.filter(({ value }) => value !== ''))
}
