import {
  builtInRoleCollections,
  type NewUser,
  type RegistryRepository,
  type UserAdministration,
} from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const texts = Type.Array(Type.String({ maxLength: 200 }), { maxItems: 200 })

const newUser = Type.Object(
  {
    userName: Type.String(),
    password: Type.String(),
    email: Type.Optional(Type.String()),
    givenName: Type.Optional(Type.String({ maxLength: 100 })),
    familyName: Type.Optional(Type.String({ maxLength: 100 })),
    origin: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    roleCollections: Type.Optional(texts),
    attributes: Type.Optional(Type.Record(Type.String(), texts)),
  },
  { additionalProperties: false },
)
const userChange = Type.Object(
  { roleCollections: Type.Optional(texts), password: Type.Optional(Type.String()) },
  { additionalProperties: false },
)
const roleCollection = Type.Object({ roles: texts }, { additionalProperties: false })

type Id = { Params: { id: string } }

/** Local users of a subaccount (`/subaccounts/{id}/users`) or of the platform (`/users`), for the operator. */
export function addUserRoutes(
  api: FastifyInstance,
  { users, repository }: { users: UserAdministration; repository: RegistryRepository },
): void {
  api.get('/users', () => users.listUsers())
  api.post('/users', { schema: { body: newUser } }, async (request, reply) =>
    reply.code(201).send(await users.createUser(request.body as NewUser)),
  )
  api.get<Id>('/subaccounts/:id/users', (request) => users.listUsers(request.params.id))
  api.post<Id>('/subaccounts/:id/users', { schema: { body: newUser } }, async (request, reply) => {
    const user = await users.createUser({ ...(request.body as NewUser), subaccountId: request.params.id })
    return reply.code(201).send(user)
  })

  api.get<Id>('/users/:id', (request) => users.user(request.params.id))
  api.patch<Id>('/users/:id', { schema: { body: userChange } }, (request) =>
    users.changeUser(request.params.id, request.body as Static<typeof userChange>),
  )
  api.delete<Id>('/users/:id', async (request, reply) => {
    await users.deleteUser(request.params.id)
    return reply.code(204).send()
  })

  api.get<Id>('/subaccounts/:id/roleCollections', async (request) => [
    ...Object.entries(builtInRoleCollections).map(([name, roles]) => ({ name, roles, isBuiltIn: true })),
    ...(await repository.listRoleCollections(request.params.id)).map(({ name, roles }) => ({
      name,
      roles,
      isBuiltIn: false,
    })),
  ])
  api.put<{ Params: { id: string; name: string } }>(
    '/subaccounts/:id/roleCollections/:name',
    { schema: { body: roleCollection } },
    async (request) => {
      const { id, name } = request.params
      const { roles } = request.body as Static<typeof roleCollection>
      await users.putRoleCollection({ subaccountId: id, name, roles })
      return { name, roles, isBuiltIn: false }
    },
  )
}
