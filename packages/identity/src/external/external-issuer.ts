import { PlatformError } from '@landbridge/kernel'
import type { Tenant } from '../directories.ts'
import { audienceOf, isTechnical, type VerifiedToken } from '../token-claims.ts'
import { textClaim } from './claim-paths.ts'

/** Where an issuer writes what the platform needs to know: for each question the claims to look at, in order. */
export interface ClaimPaths {
  /** ID of the tenant, or another name that `ExternalRules.tenants` translates. */
  readonly tenant: readonly string[]
  readonly client: readonly string[]
  readonly instance: readonly string[]
  readonly service: readonly string[]
  readonly user: readonly string[]
}

/** The claims of a UAA, and those that OpenID providers use most. */
export const defaultClaimPaths: ClaimPaths = {
  tenant: ['zid', 'app_tid', 'zone_uuid', 'ext_attr.zdn'],
  client: ['client_id', 'cid', 'azp'],
  instance: ['ext_attr.serviceinstanceid'],
  service: ['ext_attr.service'],
  user: ['user_name', 'email', 'mail'],
}

/** A client of an external issuer that calls for a service instance. */
export interface ExternalClient {
  /** ID of the service instance, or `<subdomain>/<name>`. */
  readonly instance?: string
  /** What kind of instance it is, for whoever cannot look it up. */
  readonly service?: string
  /** The only subaccount in which its tokens count; also the one of tokens that name none. */
  readonly subaccount?: string
}

/** What the tokens of an external issuer mean. Plain data: a connector gets it with the keys. */
export interface ExternalRules {
  readonly issuer: string
  /** One of these must be in `aud`. */
  readonly audience: readonly string[]
  readonly claims: ClaimPaths
  /** Subaccounts by the tenants that tokens name; absent: tokens name the subaccount itself. Others are refused. */
  readonly tenants?: Readonly<Record<string, string>>
  /** Subaccount of tokens that name no tenant. */
  readonly subaccount?: string
  readonly clients: Readonly<Record<string, ExternalClient>>
}

/** The service instance for which a token calls. */
export interface CalledInstance {
  readonly id: string
  readonly subaccountId: string
  readonly service: string
}

/** What the cloud side knows and a proxy or connector does not. */
export interface ExternalDirectory {
  /** @param name ID or subdomain. */
  tenant(name: string): Promise<Tenant | undefined>
  /** @param name ID or `<subdomain>/<name>`. */
  instance(name: string): Promise<CalledInstance | undefined>
  /** Whether an instance may call for a tenant that is not its own. */
  mayActIn(instance: CalledInstance, tenant: Tenant): Promise<boolean>
}

const subaccountId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Reads a token of an external issuer, whose signature and lifetime are good, by the rules for this issuer. A client
 * that the rules do not name is known as `<client>@<issuer>`: the same ID means somebody else at another issuer.
 * @param directory without it tenants must be written as IDs, and nobody says whether they exist.
 * @throws PlatformError TOKEN_AUDIENCE, TOKEN_TENANT_UNKNOWN, TOKEN_INSTANCE_UNKNOWN or OAUTH_TENANT_FORBIDDEN
 */
export async function interpretExternal(
  rules: ExternalRules,
  token: VerifiedToken,
  directory?: ExternalDirectory,
): Promise<VerifiedToken> {
  const { claims } = token
  if (!audienceOf(claims).some((audience) => rules.audience.includes(audience)))
    throw new PlatformError('TOKEN_AUDIENCE', { expected: rules.audience.join(' or ') })
  const clientId = textClaim(claims, rules.claims.client)
  const client = Object.hasOwn(rules.clients, clientId) ? rules.clients[clientId] : undefined
  const instance = await instanceOf(rules, token, client, directory)
  const tenant = await tenantOf(rules, token, client, directory, instance)
  if (instance !== undefined && directory !== undefined && instance.subaccountId !== tenant.id)
    if (!(await directory.mayActIn(instance, tenant)))
      throw new PlatformError('OAUTH_TENANT_FORBIDDEN', { clientId, tenantId: tenant.id })
  const user = isTechnical(claims) ? '' : textClaim(claims, rules.claims.user)
  return {
    ...token,
    tenantId: tenant.id,
    subdomain: tenant.subdomain,
    clientId: client === undefined ? `${clientId}@${rules.issuer}` : clientId,
    instanceId: instance?.id ?? '',
    service: instance?.service ?? '',
    // Issuers that know no users for a client name the client itself.
    userName: user === clientId ? '' : user,
  }
}

async function instanceOf(
  { issuer, claims: paths }: ExternalRules,
  { claims }: VerifiedToken,
  client: ExternalClient | undefined,
  directory: ExternalDirectory | undefined,
): Promise<CalledInstance | undefined> {
  const claimed = textClaim(claims, paths.instance)
  const name = client?.instance ?? claimed
  if (directory === undefined) {
    const service = client?.service ?? textClaim(claims, paths.service)
    return name === '' && service === '' ? undefined : { id: name, subaccountId: '', service }
  }
  if (name === '') return undefined
  const found = await directory.instance(name)
  if (found === undefined && client?.instance !== undefined)
    throw new PlatformError('TOKEN_INSTANCE_UNKNOWN', { issuer, instance: name })
  return found
}

async function tenantOf(
  rules: ExternalRules,
  { claims }: VerifiedToken,
  client: ExternalClient | undefined,
  directory: ExternalDirectory | undefined,
  instance: CalledInstance | undefined,
): Promise<Tenant> {
  const claimed = textClaim(claims, rules.claims.tenant)
  const unknown = (reason: string): PlatformError =>
    new PlatformError('TOKEN_TENANT_UNKNOWN', { issuer: rules.issuer, tenant: claimed.slice(0, 100), reason })
  const name =
    claimed === ''
      ? (client?.subaccount ?? rules.subaccount ?? instance?.subaccountId ?? '')
      : translated(rules, claimed)
  if (name === undefined) throw unknown('"tenants" does not list it')
  if (name === '') throw unknown('the token names none, and neither issuer nor client have a "subaccount"')
  const tenant = await known(name, directory)
  if (tenant === undefined)
    throw unknown(directory === undefined ? 'it is no ID of a subaccount' : 'there is no such subaccount')
  if (client?.subaccount !== undefined && (await known(client.subaccount, directory))?.id !== tenant.id)
    throw unknown('the client counts in another subaccount only')
  return tenant
}

function translated({ tenants }: ExternalRules, claimed: string): string | undefined {
  if (tenants === undefined) return claimed
  return Object.hasOwn(tenants, claimed) ? tenants[claimed] : undefined
}

async function known(name: string, directory: ExternalDirectory | undefined): Promise<Tenant | undefined> {
  if (directory !== undefined) return directory.tenant(name)
  return subaccountId.test(name) ? { id: name.toLowerCase(), subdomain: '' } : undefined
}

/**
 * Rules as a connector gets them from the cloud side. What is missing or has another type is read as the strictest
 * there is, so that nothing is accepted by mistake.
 */
export function readExternalRules(issuer: string, json: object): ExternalRules {
  const { audience, claims, tenants, subaccount, clients } = json as Readonly<Record<string, unknown>>
  const paths = objectOf(claims)
  return {
    issuer,
    audience: textsOf(audience),
    claims: {
      tenant: textsOf(paths.tenant),
      client: textsOf(paths.client),
      instance: textsOf(paths.instance),
      service: textsOf(paths.service),
      user: textsOf(paths.user),
    },
    tenants: textMap(tenants),
    ...(typeof subaccount === 'string' ? { subaccount } : {}),
    clients: Object.fromEntries(
      Object.entries(objectOf(clients)).map(([id, client]) => [id, textMap(client) as ExternalClient]),
    ),
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOf(value)).filter(([, entry]) => typeof entry === 'string')
  return Object.fromEntries(entries) as Readonly<Record<string, string>>
}
