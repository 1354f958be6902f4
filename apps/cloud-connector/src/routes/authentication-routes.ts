import type { Administrator, AuditCategory } from '@landbridge/connector'
import { hashPassword } from '@landbridge/identity'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Fields, invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import type { PasswordCheck } from '../login/password-check.ts'
import { type ApiContext, sendNothing } from './context.ts'

/** The only user of the file store, who is its administrator: change of password or name, one at a time (guide L22306). */
export function authenticationRoutes(api: FastifyInstance, context: ApiContext, passwords: PasswordCheck): void {
  api.put('/api/v1/configuration/connector/authentication/basic', async (request, reply) => {
    const fields = readFields(request, ['text/plain'])
    const isRename = fields.has('user') || fields.has('password')
    const isPasswordChange = passwordFields.some((name) => fields.has(name))
    if (isRename && isPasswordChange) throw invalid('user', 'and password cannot change in one step')
    if (isRename) await rename(context, request, fields, passwords)
    else await changePassword(context, request, fields, passwords)
    return sendNothing(reply)
  })
}

/** Pages ask for the new password twice and send both; programs may leave the second one out. */
const passwordFields = ['oldPassword', 'newPassword', 'repeatedPassword']

async function changePassword(
  context: ApiContext,
  request: FastifyRequest,
  fields: Fields,
  passwords: PasswordCheck,
): Promise<void> {
  const oldPassword = fields.required('oldPassword')
  const newPassword = fields.required('newPassword')
  if (fields.has('repeatedPassword') && fields.text('repeatedPassword') !== newPassword)
    throw invalid('repeatedPassword', 'differs from newPassword')
  await requireCurrent(context, request, oldPassword, 'oldPassword', passwords)
  if (newPassword === oldPassword) throw invalid('newPassword', 'must differ from the old one')
  const passwordHash = await hashPassword(newPassword)
  await changeAdministrator(context, request, 'SCCPassword', (administrator) => ({
    ...administrator,
    passwordHash,
    hasInitialPassword: false,
  }))
}

async function rename(
  context: ApiContext,
  request: FastifyRequest,
  fields: Fields,
  passwords: PasswordCheck,
): Promise<void> {
  const user = fields.required('user')
  if (user.length > 128 || /[:\p{Cc}]/u.test(user)) throw invalid('user', 'must not hold colons or control characters')
  await requireCurrent(context, request, fields.required('password'), 'password', passwords)
  await changeAdministrator(context, request, 'SCCUser', (administrator) => ({ ...administrator, user }))
}

async function requireCurrent(
  { store }: ApiContext,
  request: FastifyRequest,
  password: string,
  field: string,
  passwords: PasswordCheck,
): Promise<void> {
  const { administrator } = store.current.settings
  if (!(await passwords.accepts(administrator, administrator.user, password, request.ip)))
    throw invalid(field, 'is not the current password')
}

/** Sessions of the former credentials end with the change. */
function changeAdministrator(
  { store }: ApiContext,
  request: FastifyRequest,
  category: AuditCategory,
  edit: (administrator: Administrator) => Administrator,
): Promise<void> {
  return store.change(request.actor, (current) => {
    const { administrator } = current.settings
    const changed = { ...edit(administrator), generation: administrator.generation + 1 }
    return {
      next: { ...current, settings: { ...current.settings, administrator: changed } },
      audit: { category, action: 'update', object: changed.user },
      result: undefined,
    }
  })
}
