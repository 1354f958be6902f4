import { expectation, shown } from './expectation.ts'
import type { GivenValue } from './given.ts'
import { environmentName, nearestName } from './names.ts'
import type { ConfigProblem } from './problem.ts'
import type { SchemaNode, Setting } from './schema-node.ts'
import { readSecretFile } from './secret-file.ts'

/** Reads the variables that start with the prefix; one that belongs to no setting is a problem. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
  ignored: readonly string[],
  settings: readonly Setting[],
  problems: ConfigProblem[],
): ReadonlyMap<string, GivenValue> {
  const given = new Map<string, GivenValue>()
  const byName = new Map(settings.map((setting) => [environmentName(setting.path, prefix), setting]))
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || !name.startsWith(prefix) || ignored.includes(name)) continue
    const origin = `environment ${name}`
    const setting = byName.get(name)
    const secret = name.endsWith('_FILE') ? byName.get(name.slice(0, -'_FILE'.length)) : undefined
    if (setting !== undefined) addText(given, setting, text, origin, problems)
    else if (secret?.isSecret === true) addSecretFile(given, secret, text, origin, problems)
    else {
      const known = [...byName].map(([candidate, { isSecret }]) => (isSecret ? `${candidate}_FILE` : candidate))
      const nearest = nearestName(name, known)
      const hint = nearest === undefined ? {} : { hint: `did you mean ${nearest}?` }
      problems.push({ origin, path: name, expected: `a known ${prefix}* variable`, found: 'an unknown name', ...hint })
    }
  }
  return given
}

/** Reads what the command line sets, by dotted path. Text is read like a variable, other values are taken as they are. */
export function readOverrides(
  overrides: Readonly<Record<string, unknown>>,
  settings: readonly Setting[],
  problems: ConfigProblem[],
): ReadonlyMap<string, GivenValue> {
  const given = new Map<string, GivenValue>()
  const origin = 'command line'
  for (const [path, value] of Object.entries(overrides)) {
    if (value === undefined) continue
    const setting = settings.find((candidate) => candidate.path === path)
    if (setting === undefined) {
      const nearest = nearestName(
        path,
        settings.map((candidate) => candidate.path),
      )
      const hint = nearest === undefined ? {} : { hint: `did you mean ${nearest}?` }
      problems.push({ origin, path, expected: 'a known key', found: 'an unknown key', ...hint })
    } else if (setting.isSecret) {
      // Arguments are visible to every user of the machine.
      const reference = typeof value === 'object' && value !== null && 'file' in value ? value.file : undefined
      if (typeof reference === 'string') addSecretFile(given, setting, reference, origin, problems)
      else problems.push({ origin, path, expected: expectation(setting.node), found: 'a value (not shown)' })
    } else if (typeof value === 'string') addText(given, setting, value, origin, problems)
    else given.set(path, { value, origin })
  }
  return given
}

function addSecretFile(
  given: Map<string, GivenValue>,
  setting: Setting,
  path: string,
  origin: string,
  problems: ConfigProblem[],
): void {
  const read = readSecretFile(path, '.')
  if ('value' in read) given.set(setting.path, { value: read.value, origin })
  else problems.push({ origin, path: setting.path, expected: 'a readable, non-empty file', found: read.failure })
}

function addText(
  given: Map<string, GivenValue>,
  setting: Setting,
  text: string,
  origin: string,
  problems: ConfigProblem[],
): void {
  const parsed = parseText(setting.node, text)
  if (parsed !== undefined) given.set(setting.path, { value: parsed.value, origin })
  else problems.push({ origin, path: setting.path, expected: expectation(setting.node), found: shown(text) })
}

/** Reads text as the type that the schema asks for; undefined when it is no such value. */
function parseText(node: SchemaNode, text: string): { readonly value: unknown } | undefined {
  switch (node.type) {
    case 'integer':
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? { value: Number(text) } : undefined
    case 'boolean':
      return text === 'true' || text === 'false' ? { value: text === 'true' } : undefined
    case 'array':
      return text.trimStart().startsWith('[') ? parseJson(text) : { value: text.split(',').map((item) => item.trim()) }
    case 'object':
      return parseJson(text)
    default:
      return node.anyOf === undefined ? { value: text } : parseChoice(node.anyOf, text)
  }
}

function parseChoice(choices: readonly SchemaNode[], text: string): { readonly value: unknown } | undefined {
  const constant = choices.find((choice) => String(choice.const) === text)
  if (constant !== undefined) return { value: constant.const }
  for (const choice of choices) {
    const parsed = choice.const === undefined ? parseText(choice, text) : undefined
    if (parsed !== undefined) return parsed
  }
  return undefined
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
