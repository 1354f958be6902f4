import type { ConnectorSettings, KerberosSettings } from '@landbridge/connector'
import { PlatformError, Secret } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { type Fields, invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { readKeyTable, usableEncryptionTypes } from '../kerberos/key-table.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const url = '/api/v1/configuration/connector/onPremise/kerberos'
const maxKdcs = 20

/** Realm, account and KDCs of Kerberos (guide L20910); the original has them in its pages only. */
export function kerberosRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  api.get(url, (_request, reply) => sendJson(reply, shown(configured(store.current.settings))))
  api.put(url, async (request, reply) => {
    const fields = readFields(request)
    await store.change(request.actor, (current) => ({
      next: {
        ...current,
        settings: { ...current.settings, kerberos: readSettings(fields, current.settings.kerberos) },
      },
      audit: { category: 'KerberosConfiguration', action: 'update', object: 'kerberos' },
      result: undefined,
    }))
    return sendNothing(reply)
  })
  api.delete(url, async (request, reply) => {
    await store.change(request.actor, (current) => {
      configured(current.settings)
      const { kerberos, ...settings } = current.settings
      return {
        next: { ...current, settings },
        audit: { category: 'KerberosConfiguration', action: 'delete', object: 'kerberos' },
        result: undefined,
      }
    })
    return sendNothing(reply)
  })
}

function configured({ kerberos }: ConnectorSettings): KerberosSettings {
  if (kerberos === undefined) throw new PlatformError('CONNECTOR_KERBEROS_NOT_FOUND')
  return kerberos
}

/** The key table never leaves the connector; what it is good for does. */
function shown({ realm, serviceUser, kdcHosts, key }: KerberosSettings): object {
  const keys = readKeyTable(Buffer.from(key.reveal(), 'base64')) ?? []
  return { realm, serviceUser, kdcHosts, keyTable: keys }
}

/** The key table may stay as it is; everything else is required. */
function readSettings(fields: Fields, before: KerberosSettings | undefined): KerberosSettings {
  const realm = fields.required('realm')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(realm)) throw invalid('realm', 'must be the name of a Kerberos realm')
  const serviceUser = fields.required('serviceUser')
  if (!/^[\w.$/-]{1,255}$/.test(serviceUser))
    throw invalid('serviceUser', 'must be the name of an account, without realm')
  const kdcHosts = (fields.list('kdcHosts') ?? []).map(readHost)
  if (kdcHosts.length === 0 || kdcHosts.length > maxKdcs) throw invalid('kdcHosts', `must name 1 to ${maxKdcs} hosts`)
  const uploaded = fields.text('keyTable')
  const key = uploaded === undefined ? before?.key : new Secret(uploaded)
  if (key === undefined) throw invalid('keyTable', 'must hold a key table, in base64')
  checkKeyTable(key, `${serviceUser}@${realm}`)
  return { realm, serviceUser, kdcHosts, key }
}

/** `host` alone means port 88. It is written into a file: nothing but a name or an address. */
function readHost(entry: unknown): string {
  const text = typeof entry === 'string' ? entry.trim() : ''
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? 88)
  if (match === null || port < 1 || port > 65_535)
    throw invalid('kdcHosts', 'must hold texts such as kdc.example.com:88')
  return `${match[1]}:${port}`
}

function checkKeyTable(key: Secret, principal: string): void {
  const entries = readKeyTable(Buffer.from(key.reveal(), 'base64'))
  if (entries === undefined) throw invalid('keyTable', 'is no key table of version 2 (0x0502) in base64')
  const own = entries.filter((entry) => entry.principal === principal)
  if (!own.some(({ encryptionType }) => usableEncryptionTypes.includes(encryptionType)))
    throw invalid('keyTable', `has no key for ${principal} of the types aes128, aes256 or rc4-hmac`)
}
