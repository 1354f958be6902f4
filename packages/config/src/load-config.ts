import type { Static, TObject } from '@sinclair/typebox'
import { configInvalid } from './problem.ts'
import { type ConfigSources, resolveConfig } from './resolve.ts'
import type { SchemaNode } from './schema-node.ts'

export type { ConfigSources } from './resolve.ts'

/**
 * Loads and validates a configuration once: defaults, then file, environment, command line. The result is
 * deep-frozen; secrets are `Secret` objects.
 * @throws PlatformError CONFIG_INVALID whose fact `problems` lists every problem, not only the first.
 */
export function loadConfig<S extends TObject>(schema: S, sources: ConfigSources): Static<S> {
  const resolved = resolveConfig(schema as SchemaNode, sources)
  if (resolved.problems.length > 0) throw configInvalid(resolved.problems, sources.file)
  // The values were just checked against the schema that the type is derived from.
  return deepFreeze(resolved.values) as Static<S>
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const below of Object.values(value)) deepFreeze(below)
  return Object.freeze(value)
}
