import { checkResource, isHttp, isRfc, type Resource, type SystemMapping } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'
import { refuse } from './entry-problems.ts'
import { resourceOf, withMapping } from './mapping-edits.ts'
import type { MergeReport } from './merge-report.ts'
import type { Subaccount } from './model.ts'

/** What a resource of a scenario names: a path or a function module. */
export const scenarioKinds = ['HTTP', 'RFC'] as const
export type ScenarioKind = (typeof scenarioKinds)[number]

/** A set of resources under a name, to be brought into other connectors (guide L21557). */
export interface Scenario {
  readonly name: string
  readonly kind: ScenarioKind
  readonly resources: readonly Resource[]
}

export interface ScenarioImport {
  readonly subaccount: Subaccount
  readonly report: Pick<MergeReport, 'created' | 'kept'>
}

/**
 * The resources that are chosen from a mapping, as a scenario.
 * @throws PlatformError REQUEST_INVALID: the mapping has no resources. CONNECTOR_RESOURCE_NOT_FOUND
 */
export function defineScenario(mapping: SystemMapping, name: string, ids: ReadonlySet<string>): Scenario {
  const known = new Map(mapping.resources.map((resource) => [resource.id, resource]))
  return { name, kind: kindOf(mapping), resources: Array.from(ids, (id) => known.get(id) ?? resourceOf(mapping, id)) }
}

/**
 * Adds the resources of a scenario to a mapping and marks them with its name. One that is there keeps its settings.
 * @throws PlatformError REQUEST_INVALID: an entry is not valid, or is of the other kind.
 */
export function importScenario(subaccount: Subaccount, mapping: SystemMapping, scenario: Scenario): ScenarioImport {
  const kind = kindOf(mapping)
  if (kind !== scenario.kind)
    throw invalid(`the scenario is for ${scenario.kind} systems, and the mapping has protocol ${mapping.protocol}`)
  const offered = new Map<string, Resource>()
  for (const resource of scenario.resources) {
    refuse(checkResource(resource, mapping.protocol), resource.id)
    if (offered.has(resource.id)) throw invalid(`the scenario holds resource ${resource.id} twice`)
    offered.set(resource.id, resource)
  }
  const kept = mapping.resources.filter(({ id }) => offered.has(id)).map(({ id }) => id)
  const known = new Set(mapping.resources.map(({ id }) => id))
  const created = [...offered.values()].filter(({ id }) => !known.has(id))
  const resources = [
    ...mapping.resources.map((resource) => (offered.has(resource.id) ? marked(resource, scenario.name) : resource)),
    ...created.map((resource) => ({ ...resource, scenarios: [scenario.name], isFromScenario: true as const })),
  ]
  return {
    subaccount: withMapping(subaccount, { ...mapping, resources }),
    report: { created: created.map(({ id }) => id), kept },
  }
}

/**
 * Takes a scenario off its resources. Those that scenarios brought go with the last of them; those of an administrator
 * stay (guide L21609).
 * @throws PlatformError CONNECTOR_SCENARIO_NOT_FOUND
 */
export function removeScenario(subaccount: Subaccount, mapping: SystemMapping, name: string): Subaccount {
  if (!scenariosOf(mapping).has(name)) throw new PlatformError('CONNECTOR_SCENARIO_NOT_FOUND', { scenario: name })
  const resources = mapping.resources.map((resource) => unmarked(resource, name)).filter((entry) => entry !== undefined)
  return withMapping(subaccount, { ...mapping, resources })
}

/** The resources of each scenario of a mapping, by its name. */
export function scenariosOf(mapping: SystemMapping): ReadonlyMap<string, readonly Resource[]> {
  const found = new Map<string, Resource[]>()
  for (const resource of mapping.resources)
    for (const name of resource.scenarios ?? []) {
      const known = found.get(name)
      if (known === undefined) found.set(name, [resource])
      else known.push(resource)
    }
  return found
}

function marked(resource: Resource, name: string): Resource {
  const { scenarios = [] } = resource
  return scenarios.includes(name) ? resource : { ...resource, scenarios: [...scenarios, name] }
}

function unmarked(resource: Resource, name: string): Resource | undefined {
  if (!resource.scenarios?.includes(name)) return resource
  const { scenarios, isFromScenario, ...rest } = resource
  const left = scenarios.filter((other) => other !== name)
  if (left.length > 0) return { ...resource, scenarios: left }
  return isFromScenario ? undefined : rest
}

function kindOf({ protocol }: SystemMapping): ScenarioKind {
  if (isHttp(protocol)) return 'HTTP'
  if (isRfc(protocol)) return 'RFC'
  throw invalid(`a mapping of protocol ${protocol} has no resources`, 'protocol')
}

function invalid(reason: string, field = 'archive'): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason })
}
