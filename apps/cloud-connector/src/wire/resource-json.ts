import { isHttp, type Resource, type SystemMapping } from '@landbridge/access'
import type { Fields } from '../body/fields.ts'
import type { Link } from './links.ts'

/** A resource; `links` is empty in lists, as recorded. */
export function resourceJson(resource: Resource, links: Readonly<Record<string, Link>>): object {
  return {
    id: resource.id,
    enabled: resource.enabled,
    exactMatchOnly: resource.exactMatchOnly,
    websocketUpgradeAllowed: resource.websocketUpgradeAllowed,
    creationDate: String(resource.createdAtMs),
    ...(resource.description === undefined ? {} : { description: resource.description }),
    ...scenariosJson(resource),
    _links: links,
  }
}

/** The scenarios of a resource; nothing where it has none. */
export function scenariosJson({ scenarios, isFromScenario }: Resource): object {
  return scenarios === undefined ? {} : { scenarios, fromScenario: isFromScenario ?? false }
}

/** Reads a resource; everything that is absent has its default, which exposes nothing (guide L24611). */
export function readResource(
  fields: Fields,
  id: string,
  mapping: Pick<SystemMapping, 'protocol'>,
  createdAtMs: number,
): Resource {
  const description = fields.text('description')
  return {
    id,
    enabled: fields.flag('enabled') ?? false,
    exactMatchOnly: fields.flag('exactMatchOnly') ?? false,
    websocketUpgradeAllowed: isHttp(mapping.protocol) && (fields.flag('websocketUpgradeAllowed') ?? false),
    ...(description === undefined ? {} : { description }),
    createdAtMs,
  }
}
