import type { TObject } from '@sinclair/typebox'
import { problemText } from './problem.ts'
import { type ConfigSources, resolveConfig } from './resolve.ts'
import { allSettings, type SchemaNode } from './schema-node.ts'

/** One effective setting as an operator sees it. */
export interface ConfigEntry {
  readonly path: string
  /** The effective value; `[redacted]` for a secret, undefined when nothing sets it. */
  readonly value: unknown
  /** `default`, `<file>:<line>`, `environment <NAME>`, `command line`, or `unset`. */
  readonly origin: string
}

/** The effective configuration with the origin of each value, redacted, and what is wrong with it. Never throws. */
export function describeConfig(
  schema: TObject,
  sources: ConfigSources,
): { readonly entries: readonly ConfigEntry[]; readonly problems: readonly string[] } {
  const resolved = resolveConfig(schema as SchemaNode, sources)
  const entries = allSettings(resolved.root).map(({ path, isSecret }) => {
    const found = resolved.effective.get(path)
    if (found === undefined) return { path, value: undefined, origin: 'unset' }
    return { path, value: isSecret ? '[redacted]' : found.value, origin: found.origin }
  })
  return { entries, problems: resolved.problems.map(problemText) }
}
