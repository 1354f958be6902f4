import { TLSSocket } from 'node:tls'
import { certificateFacts, parseDistinguishedName } from '@landbridge/identity'
import type { FastifyRequest } from 'fastify'
import type { CloudConnectorConfig } from '../config.ts'
import type { Role } from './permissions.ts'

/** The user whom a trusted client certificate names, and the roles that the configuration gives to that name. */
export function userOfCertificate(
  request: FastifyRequest,
  { clientCertificates }: CloudConnectorConfig,
): { readonly user: string; readonly roles: readonly Role[] } | undefined {
  const { socket } = request.raw
  if (clientCertificates === undefined || !(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const names = parseDistinguishedName(certificateFacts(certificate).subject)
  const user = names.flat().find(({ type }) => type === 'CN')?.value
  if (user === undefined) return undefined
  const role = Object.hasOwn(clientCertificates.users, user) ? clientCertificates.users[user] : undefined
  return { user, roles: role === undefined ? [] : [role as Role] }
}
