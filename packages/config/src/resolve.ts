import { Secret } from '@landbridge/kernel'
import { readConfigFile } from './file-source.ts'
import { fillDefaults } from './fill-defaults.ts'
import type { GivenValue } from './given.ts'
import type { ConfigProblem } from './problem.ts'
import { allSettings, readSection, type SchemaNode, type Section } from './schema-node.ts'
import { readEnvironment, readOverrides } from './text-sources.ts'
import { validate } from './validate.ts'

/** Where configuration comes from, weakest first: defaults of the schema, file, environment, command line. */
export interface ConfigSources {
  /** Path of a YAML file. It must exist when given. */
  readonly file?: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Values of the command line by dotted path, for example `{ 'proxy.port': '20010' }`. */
  readonly overrides?: Readonly<Record<string, unknown>>
  /** Start of the names of environment variables. Default `LANDBRIDGE_`. */
  readonly prefix?: string
  /** Variables that carry the prefix and belong to something else. */
  readonly ignoredVariables?: readonly string[]
}

export interface Resolved {
  readonly root: Section
  readonly values: Record<string, unknown>
  /** Effective value and origin of every setting that has one, by path. */
  readonly effective: ReadonlyMap<string, GivenValue>
  readonly problems: readonly ConfigProblem[]
}

/** Layers the sources, fills in defaults and validates once. Problems are collected, never thrown. */
export function resolveConfig(schema: SchemaNode, sources: ConfigSources): Resolved {
  const root = readSection(schema)
  const settings = allSettings(root)
  const problems: ConfigProblem[] = []
  const given = new Map<string, GivenValue>([
    ...(sources.file === undefined ? [] : readConfigFile(sources.file, root, problems)),
    ...readEnvironment(
      sources.environment,
      sources.prefix ?? 'LANDBRIDGE_',
      sources.ignoredVariables ?? [],
      settings,
      problems,
    ),
    ...readOverrides(sources.overrides ?? {}, settings, problems),
  ])
  const effective = new Map<string, GivenValue>()
  const values = build(root, given, effective)
  const known = new Set(problems.map((problem) => problem.path))
  for (const problem of validate(schema, values, effective, sources.file))
    if (!known.has(problem.path)) problems.push(problem)
  return { root, values: wrapSecrets(root, values), effective, problems }
}

function build(
  section: Section,
  given: ReadonlyMap<string, GivenValue>,
  effective: Map<string, GivenValue>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const setting of section.settings) {
    const standard: GivenValue | undefined =
      setting.node.default === undefined
        ? undefined
        : { value: structuredClone(setting.node.default), origin: 'default' }
    const chosen = given.get(setting.path) ?? standard
    if (chosen === undefined) continue
    const value = fillDefaults(setting.node, chosen.value)
    effective.set(setting.path, { ...chosen, value })
    values[setting.key] = value
  }
  for (const child of section.sections)
    if (!child.optional || mentions(child, given)) values[lastKey(child.path)] = build(child, given, effective)
  return values
}

function mentions(section: Section, given: ReadonlyMap<string, GivenValue>): boolean {
  return [...given.keys()].some((path) => path.startsWith(`${section.path}.`))
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function wrapSecrets(section: Section, values: Record<string, unknown>): Record<string, unknown> {
  for (const setting of section.settings) {
    const value = values[setting.key]
    if (setting.isSecret && typeof value === 'string') values[setting.key] = new Secret(value)
  }
  for (const child of section.sections) {
    const below = values[lastKey(child.path)]
    if (typeof below === 'object' && below !== null) wrapSecrets(child, below as Record<string, unknown>)
  }
  return values
}
