import {
  attributesOf,
  type ConditionOperator,
  checkPropagationSettings,
  defaultPropagationSettings,
  type PropagationSettings,
  type SubjectCondition,
  type SubjectPatternRule,
  SubjectPatterns,
  UserCertificates,
} from '@landbridge/connector'
import { UserCertificateAuthority } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import { readFields, readJson } from '../body/read-body.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const base = '/api/v1/configuration/connector/onPremise/principalPropagation'

/** Subject patterns and lifetimes of principal propagation (guide L20577); the original has them in its pages only. */
export function propagationRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  const settings = (): PropagationSettings => store.current.settings.propagation ?? defaultPropagationSettings
  api.get(base, (_request, reply) => sendJson(reply, settings()))
  api.put(base, async (request, reply) => {
    await save(context, request, readSettings(readFields(request), settings()))
    return sendNothing(reply)
  })
  api.get(`${base}/subjectPatternRules`, (_request, reply) => sendJson(reply, settings().subjectRules))
  api.put(`${base}/subjectPatternRules`, async (request, reply) => {
    const rules = readJson(request)
    if (!Array.isArray(rules)) throw invalid('subjectPatternRules', 'must be a list')
    await save(context, request, { ...settings(), subjectRules: rules.map(readRule) })
    return sendNothing(reply)
  })
  api.post(`${base}/sampleCertificate`, async (request, reply) => {
    const der = await sample(context, settings(), readJson(request) ?? {})
    return reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', 'attachment;filename="sample_certificate.der"')
      .send(der)
  })
}

function save({ store }: ApiContext, request: FastifyRequest, propagation: PropagationSettings): Promise<void> {
  checkPropagationSettings(propagation)
  return store.change(request.actor, (current) => ({
    next: { ...current, settings: { ...current.settings, propagation } },
    audit: { category: 'PrincipalPropagationConfiguration', action: 'update', object: 'principalPropagation' },
    result: undefined,
  }))
}

/** What is absent stays as it is. */
function readSettings(fields: Fields, before: PropagationSettings): PropagationSettings {
  return {
    certificateValidityMinutes: number(fields, 'certificateValidityMinutes') ?? before.certificateValidityMinutes,
    expirationToleranceHours: number(fields, 'expirationToleranceHours') ?? before.expirationToleranceHours,
    subjectRules: fields.list('subjectRules')?.map(readRule) ?? before.subjectRules,
    noCertificateMarker: fields.text('noCertificateMarker') ?? before.noCertificateMarker,
  }
}

function number(fields: Fields, name: string): number | undefined {
  const text = fields.text(name)
  if (text === undefined) return undefined
  if (!/^\d{1,6}$/.test(text)) throw invalid(name, 'must be a whole number')
  return Number(text)
}

function readRule(entry: unknown): SubjectPatternRule {
  const fields = new Fields(entry)
  const subject = fields.required('subject')
  const condition = (entry as { condition?: unknown }).condition
  if (condition === undefined || condition === null) return { subject }
  return { condition: readCondition(new Fields(condition)), subject }
}

function readCondition(fields: Fields): SubjectCondition {
  const value = fields.text('value')
  return {
    // Written with or without ${}: people copy them from the subject.
    variable: fields.required('variable').replace(/^\$\{\s*(.*?)\s*\}$/, '$1'),
    // Checked with the rules as a whole.
    operator: fields.required('operator') as ConditionOperator,
    ...(value === undefined || value === '' ? {} : { value }),
  }
}

/** A certificate as a user with these claims would get it, for setting up rules in the internal system. */
async function sample({ store, clock }: ApiContext, settings: PropagationSettings, claims: unknown): Promise<Buffer> {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw invalid('body', 'must hold the attributes of a user, for example {"user_name": "demo"}')
  const authority = store.current.settings.ppCaCertificate
  if (authority === undefined) throw new PlatformError('PROPAGATION_NO_AUTHORITY')
  const { user_type: userType, ...attributes } = claims as Readonly<Record<string, unknown>>
  const subject = new SubjectPatterns(settings.subjectRules).subjectOf(
    attributesOf(attributes, userType === 'Technical' ? 'Technical' : 'Business'),
  )
  const loaded = UserCertificateAuthority.load(authority.cert, authority.key)
  const certificates = new UserCertificates(loaded, settings.certificateValidityMinutes, clock)
  const { base64 } = await certificates.find('sample', subject)
  return Buffer.from(base64, 'base64')
}
