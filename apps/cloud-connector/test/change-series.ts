import type { Agent } from 'node:https'
import { type Answer, configuration, send, subaccountPath } from './running-connector.ts'

/** Where a connector is reached; another place after each start. */
export interface Place {
  readonly url: string
  readonly uiCa: string
  readonly agent: Agent
}

/** What the configuration shall hold, as the API shows it. */
export interface Expected {
  readonly description: string
  readonly subjects: readonly string[]
  readonly domains: Readonly<Record<string, string>>
  /** By virtual host: description, and the resources that are switched on or not. */
  readonly mappings: Readonly<
    Record<string, { readonly description: string; readonly resources: Record<string, boolean> }>
  >
}

interface Change {
  readonly method: string
  readonly path: string
  readonly json?: unknown
  readonly after: Expected
}

export const nothing: Expected = { description: '', subjects: [], domains: {}, mappings: {} }

const mappings = `${subaccountPath}/systemMappings`
const domains = `${subaccountPath}/domainMappings`
const kinds = 12

/** The next of a series of changes of all kinds; the same for the same step. */
function changeAt(step: number, before: Expected): Change {
  const host = `h${Math.floor(step / kinds)}`
  const own = { virtualHost: host, virtualPort: '80', localHost: 'l', localPort: '80' }
  const mapping = { ...own, protocol: 'HTTP', backendType: 'nonSAPsys' }
  const known = before.mappings[host] ?? { description: '', resources: {} }
  const withMapping = (entry: Expected['mappings'][string]): Expected => ({
    ...before,
    mappings: { ...before.mappings, [host]: entry },
  })
  const withResource = (id: string, enabled: boolean): Expected =>
    withMapping({ ...known, resources: { ...known.resources, [id]: enabled } })
  const without = (id: string): Record<string, boolean> =>
    Object.fromEntries(Object.entries(known.resources).filter(([key]) => key !== id))
  const at = `${mappings}/${host}:80`
  const text = `as of step ${step}`
  const series: readonly (() => Change)[] = [
    () => ({ method: 'POST', path: mappings, json: mapping, after: withMapping({ description: '', resources: {} }) }),
    () => ({
      method: 'POST',
      path: `${at}/resources`,
      json: { id: '/a', enabled: true },
      after: withResource('/a', true),
    }),
    () => ({
      method: 'POST',
      path: `${at}/resources`,
      json: { id: '/b', enabled: true },
      after: withResource('/b', true),
    }),
    () => ({
      method: 'PUT',
      path: at,
      json: { ...mapping, description: text },
      after: withMapping({ ...known, description: text }),
    }),
    () => ({
      method: 'PUT',
      path: `${at}/resources/-a`,
      json: { id: '/a', enabled: false },
      after: withResource('/a', false),
    }),
    () => ({
      method: 'POST',
      path: domains,
      json: { virtualDomain: `${host}.virtual`, internalDomain: `${host}.corp` },
      after: { ...before, domains: { ...before.domains, [`${host}.corp`]: `${host}.virtual` } },
    }),
    () => ({
      method: 'PUT',
      path: `${configuration}/connector`,
      json: { description: text },
      after: { ...before, description: text },
    }),
    () => ({
      method: 'PUT',
      path: `${configuration}/connector/onPremise/principalPropagation/subjectPatternRules`,
      json: [{ subject: `CN=$\{name},OU=${step}` }],
      after: { ...before, subjects: [`CN=$\{name},OU=${step}`] },
    }),
    () => ({
      method: 'DELETE',
      path: `${at}/resources/-b`,
      after: withMapping({ ...known, resources: without('/b') }),
    }),
    () => ({
      method: 'POST',
      path: mappings,
      json: { ...mapping, virtualHost: `x${host}` },
      after: { ...before, mappings: { ...before.mappings, [`x${host}`]: { description: '', resources: {} } } },
    }),
    () => {
      const { [`x${host}`]: _gone, ...rest } = before.mappings
      return { method: 'DELETE', path: `${mappings}/x${host}:80`, after: { ...before, mappings: rest } }
    },
    () => {
      const { [`${host}.corp`]: _gone, ...rest } = before.domains
      return { method: 'DELETE', path: `${domains}/${host}.corp`, after: { ...before, domains: rest } }
    },
  ]
  return series[step % kinds]!()
}

/** One connector and what it acknowledged. */
export class ChangeSeries {
  readonly #name: string
  #acknowledged: Expected
  /** The change whose answer is awaited, or never came. */
  #open: Expected | undefined
  #step: number

  constructor(name: string) {
    this.#name = name
    this.#acknowledged = nothing
    this.#open = undefined
    this.#step = 0
  }

  get step(): number {
    return this.#step
  }

  /** Changes until the process is gone. @throws Error for an answer that no change of ours should get */
  async changeUntilGone(place: Place, acknowledged: () => void): Promise<void> {
    for (;;) {
      const { method, path, json, after } = changeAt(this.#step, this.#acknowledged)
      this.#open = after
      let answer: Answer
      try {
        answer = await send(place, method, path, { agent: place.agent, ...(json === undefined ? {} : { json }) })
      } catch {
        return
      }
      if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
      this.#acknowledged = after
      this.#open = undefined
      this.#step += 1
      acknowledged()
    }
  }

  /** What the connector holds that was neither acknowledged nor under way; and takes over which of both it is. */
  async settle(place: Place): Promise<string | undefined> {
    const found = JSON.stringify(await readAll(place))
    if (this.#open !== undefined && found === JSON.stringify(sorted(this.#open))) {
      this.#acknowledged = this.#open
      this.#step += 1
    } else if (found !== JSON.stringify(sorted(this.#acknowledged)))
      return `${this.#name} holds ${found}, acknowledged was ${JSON.stringify(sorted(this.#acknowledged))}`
    this.#open = undefined
    return undefined
  }
}

async function readAll(place: Place): Promise<Expected> {
  const get = async (path: string) => {
    const answer = await send(place, 'GET', path, { agent: place.agent })
    if (answer.status !== 200) throw new Error(`GET ${path} answered ${answer.status}: ${answer.text}`)
    return answer.json
  }
  const [connector, rules, listed, domainList, verification] = await Promise.all([
    get(`${configuration}/connector`),
    get(`${configuration}/connector/onPremise/principalPropagation/subjectPatternRules`),
    get(mappings),
    get(domains),
    get('/api/v1/landbridge/audit/verification'),
  ])
  if (verification.intact !== true) throw new Error(`the audit trail is broken: ${JSON.stringify(verification)}`)
  const found: Record<string, Expected['mappings'][string]> = {}
  for (const { virtualHost, description } of listed) {
    const resources = await get(`${mappings}/${virtualHost}:80/resources`)
    found[virtualHost] = {
      description: description ?? '',
      resources: Object.fromEntries(
        resources.map(({ id, enabled }: { id: string; enabled: boolean }) => [id, enabled]),
      ),
    }
  }
  const subjects = rules.map(({ subject }: { subject: string }) => subject)
  return sorted({
    description: connector.description ?? '',
    subjects: isDefault(subjects) ? [] : subjects,
    domains: Object.fromEntries(
      domainList.map((entry: Record<string, string>) => [entry.internalDomain, entry.virtualDomain]),
    ),
    mappings: found,
  })
}

function isDefault(subjects: readonly string[]): boolean {
  return !subjects.some((subject) => subject.includes('OU='))
}

/** With members in one order, so that equal values are equal texts. */
function sorted<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)])) as T
}
