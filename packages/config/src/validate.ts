import { Ajv, type ErrorObject } from 'ajv'
import { expectation, shown } from './expectation.ts'
import type { GivenValue } from './given.ts'
import { nearestName } from './names.ts'
import type { ConfigProblem } from './problem.ts'
import type { SchemaNode } from './schema-node.ts'

/** Checks the merged values against the schema and says for each failure where the value came from. */
export function validate(
  schema: SchemaNode,
  values: object,
  effective: ReadonlyMap<string, GivenValue>,
  file: string | undefined,
): readonly ConfigProblem[] {
  // Formats are documentation here: what a URL or a duration must satisfy stands in its pattern.
  // The schemas are our own and each is used once, for one object: what makes a second use faster only delays the start.
  const once = { validateSchema: false, addUsedSchema: false, code: { optimize: false } }
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false, ...once })
  const check = ajv.compile(closed(schema))
  if (check(values)) return []
  const errors = check.errors ?? []
  const choices = errors.filter((error) => error.keyword === 'anyOf').map((error) => `${error.schemaPath}/`)
  const problems = new Map<string, ConfigProblem>()
  for (const error of errors) {
    if (choices.some((choice) => error.schemaPath.startsWith(choice))) continue
    const problem = toProblem(error, effective, file)
    if (!problems.has(problem.path)) problems.set(problem.path, problem)
  }
  return [...problems.values()]
}

function toProblem(
  error: ErrorObject,
  effective: ReadonlyMap<string, GivenValue>,
  file: string | undefined,
): ConfigProblem {
  const base = error.instancePath.slice(1).replaceAll('/', '.')
  const node = (error.parentSchema ?? {}) as SchemaNode
  if (error.keyword === 'required') {
    const key = String(error.params.missingProperty)
    const path = base === '' ? key : `${base}.${key}`
    const missing = node.properties?.[key]
    return {
      origin: originOf(path, effective) ?? file ?? 'configuration',
      path,
      expected: missing === undefined ? 'a value' : expectation(missing),
      found: 'nothing',
    }
  }
  const origin = originOf(base, effective) ?? file ?? 'configuration'
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty)
    const nearest = nearestName(key, Object.keys(node.properties ?? {}))
    const hint = nearest === undefined ? {} : { hint: `did you mean ${nearest}?` }
    return { origin, path: `${base}.${key}`, expected: 'a known key', found: `unknown key ${key}`, ...hint }
  }
  const found = node['x-secret'] === true ? 'a value (not shown)' : shown(error.data)
  return { origin, path: base, expected: expectation(node), found }
}

/** The origin of the setting at the path or of the setting that contains it. */
function originOf(path: string, effective: ReadonlyMap<string, GivenValue>): string | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = effective.get(at)
    if (found !== undefined) return found.origin
  }
  return undefined
}

/** The schema with every object closed, so that a misspelt key inside a list entry is an error too. */
function closed(node: SchemaNode): object {
  const copy: Record<string, unknown> = { ...node }
  if (node.properties !== undefined) {
    copy.properties = Object.fromEntries(Object.entries(node.properties).map(([key, child]) => [key, closed(child)]))
    copy.additionalProperties ??= false
  }
  if (node.items !== undefined) copy.items = closed(node.items)
  if (node.anyOf !== undefined) copy.anyOf = node.anyOf.map(closed)
  if (node.patternProperties !== undefined)
    copy.patternProperties = Object.fromEntries(
      Object.entries(node.patternProperties).map(([key, child]) => [key, closed(child)]),
    )
  return copy
}
