import type { ConnectorSettings, LdapHost, LdapSettings } from '@landbridge/connector'
import { Secret } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import { readJson } from '../body/read-body.ts'
import { LdapRealm } from '../login/ldap-realm.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const url = '/api/v1/configuration/connector/authentication'
const ldapPort = 389

/** Users of a directory instead of the local one (guide L22358). */
export function ldapRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(url, (_request, reply) => sendJson(reply, authenticationJson(context.store.current.settings)))
  api.put(`${url}/ldap`, async (request, reply) => {
    const body = readJson(request)
    const wanted = new Fields(body).requiredFlag('enable')
    try {
      const ldap = wanted ? await readLdap(context, (body as { configuration?: unknown }).configuration) : undefined
      await change(context, request, ldap)
    } catch (failure) {
      // Settings that do not work leave the local user in charge, not the former directory (guide L22399).
      if (context.store.current.settings.ldap !== undefined) await change(context, request, undefined)
      throw failure
    }
    context.restartAfter(reply)
    return sendNothing(reply)
  })
}

function authenticationJson({ ldap }: ConnectorSettings): object {
  if (ldap === undefined) return { type: 'basic' }
  const { password, hosts, ...rest } = ldap
  const masked = password === undefined ? {} : { password: '***' }
  const shown = hosts.map(({ host, port, isSecure }) => ({ host, port: String(port), isSecure }))
  return { type: 'ldap', configuration: { ...rest, hosts: shown, ...masked } }
}

/** The settings, tried out: a server must answer, nobody has to log in. */
async function readLdap({ store }: ApiContext, body: unknown): Promise<LdapSettings> {
  if (body === undefined || body === null) throw invalid('configuration', 'is required')
  const fields = new Fields(body)
  const hosts = (fields.list('hosts') ?? []).map(readHost)
  if (hosts.length === 0) throw invalid('hosts', 'must name at least one server')
  const user = fields.text('user')
  const password = fields.text('password')
  const settings: LdapSettings = {
    config: fields.required('config'),
    hosts,
    ...(user ? { user } : {}),
    ...(password ? { password: new Secret(password) } : {}),
  }
  const customs = (['Admin', 'Display', 'Monitoring', 'Support'] as const).flatMap((name) => {
    const role = fields.text(`custom${name}Role`)
    return role ? [[`custom${name}Role`, role]] : []
  })
  const complete: LdapSettings = { ...settings, ...Object.fromEntries(customs) }
  // Internal authorities are those of the truststore.
  await new LdapRealm(
    complete,
    Array.from(store.current.trustedCertificates.values(), ({ pem }) => pem),
  ).check()
  return complete
}

function readHost(entry: unknown): LdapHost {
  const fields = new Fields(entry, 'hosts')
  const host = fields.required('host')
  if (!/^[^\s/?#@[\]]{1,253}$/.test(host)) throw invalid('host', 'must be a host name')
  return {
    host,
    port: fields.text('port') ? fields.port('port') : ldapPort,
    isSecure: fields.flag('isSecure') ?? false,
  }
}

/** Sessions of the former users end. */
function change({ store }: ApiContext, request: FastifyRequest, ldap: LdapSettings | undefined): Promise<void> {
  return store.change(request.actor, (current) => {
    const { ldap: _former, administrator, ...settings } = current.settings
    return {
      next: {
        ...current,
        settings: {
          ...settings,
          administrator: { ...administrator, generation: administrator.generation + 1 },
          ...(ldap === undefined ? {} : { ldap }),
        },
      },
      audit: {
        category: 'LDAPConfiguration',
        action: 'update',
        object: 'authentication',
        details: { enabled: ldap !== undefined },
      },
      result: undefined,
    }
  })
}
