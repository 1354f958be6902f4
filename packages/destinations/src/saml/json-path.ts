/** One step of a path: to a member, to an element, to all of them, or to members of this name at any depth. */
type Step =
  | { readonly kind: 'member' | 'anywhere'; readonly name: string }
  | { readonly kind: 'element'; readonly index: number }
  | { readonly kind: 'all' }

const longestPath = 1_000
const plainName = String.raw`[^\s.[\]()*'"?@,:^~\u0060]+`
const quotedName = String.raw`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`
/** A dot may stand before a bracket, as in the guide's `$.['a']['b']`. */
const stepPattern = new RegExp(
  String.raw`\.\.(?<deep>${plainName})|\.(?<name>${plainName}|\*)|\.?\[(?:(?<quoted>${quotedName})|(?<index>-?\d{1,9})|\*)\]`,
  'uy',
)

/**
 * Values at a JSONPath (RFC 9535) of member names, indexes, `*` and at most one `..name`. Filters, scripts, slices and
 * unions are left out: they would let a property run code, or let a short path take exponential time. Every value is
 * visited once.
 * @returns undefined when the path is not of this form
 */
export function valuesAt(root: unknown, path: string): readonly unknown[] | undefined {
  return parse(path)?.reduce((values, step) => values.flatMap((value) => follow(value, step)), [root] as unknown[])
}

function parse(path: string): readonly Step[] | undefined {
  if (!path.startsWith('$') || path.length > longestPath) return undefined
  const steps: Step[] = []
  stepPattern.lastIndex = 1
  while (stepPattern.lastIndex < path.length) {
    const match = stepPattern.exec(path)
    if (match === null) return undefined
    steps.push(toStep(match.groups ?? {}))
  }
  return steps.filter(({ kind }) => kind === 'anywhere').length > 1 ? undefined : steps
}

function toStep({ deep, name, quoted, index }: Readonly<Record<string, string | undefined>>): Step {
  if (deep !== undefined) return { kind: 'anywhere', name: deep }
  if (quoted !== undefined) return { kind: 'member', name: quoted.slice(1, -1).replaceAll(/\\(.)/gu, '$1') }
  if (index !== undefined) return { kind: 'element', index: Number(index) }
  return name === undefined || name === '*' ? { kind: 'all' } : { kind: 'member', name }
}

function follow(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  switch (step.kind) {
    case 'member':
      return Array.isArray(value) ? [] : own(value, step.name)
    case 'element':
      return Array.isArray(value) && -value.length <= step.index && step.index < value.length
        ? [value.at(step.index)]
        : []
    case 'all':
      return Object.values(value)
    case 'anywhere':
      return anywhere(value, step.name)
  }
}

/** Without recursion: a value may be nested deeper than the stack is. */
function anywhere(root: object, name: string): unknown[] {
  const found: unknown[] = []
  const waiting: unknown[] = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) found.push(...own(value, name))
    // The first child shall be the next one.
    for (const child of Object.values(value).reverse()) if (typeof child === 'object') waiting.push(child)
  }
  return found
}

function own(value: object, name: string): unknown[] {
  return Object.hasOwn(value, name) ? [(value as Readonly<Record<string, unknown>>)[name]] : []
}
