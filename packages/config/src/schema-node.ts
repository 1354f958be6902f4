/** A JSON Schema node as far as configuration uses it. TypeBox objects are such nodes. */
export interface SchemaNode {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly SchemaNode[]
  readonly items?: SchemaNode
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly minItems?: number
  readonly pattern?: string
  readonly format?: string
  readonly examples?: readonly unknown[]
  readonly 'x-secret'?: boolean
  readonly 'x-unit'?: string
  readonly 'x-reload'?: string
  /** What a pattern accepts, in words. */
  readonly 'x-expected'?: string
}

/** A section groups settings; every other node is one setting, whatever its value looks like. */
export interface Section {
  readonly path: string
  readonly node: SchemaNode
  /** An optional section exists only once a source sets something in it. */
  readonly optional: boolean
  readonly settings: readonly Setting[]
  readonly sections: readonly Section[]
}

/** One configurable value. */
export interface Setting {
  /** Dotted path, for example `tunnel.idleTimeoutMs`. */
  readonly path: string
  readonly key: string
  readonly node: SchemaNode
  readonly required: boolean
  readonly isSecret: boolean
}

/** Reads sections and settings from a schema, in the order in which they were written. */
export function readSection(node: SchemaNode, path = '', optional = false): Section {
  const settings: Setting[] = []
  const sections: Section[] = []
  const required = new Set(node.required ?? [])
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const childPath = path === '' ? key : `${path}.${key}`
    if (child.properties !== undefined) sections.push(readSection(child, childPath, !required.has(key)))
    else
      settings.push({
        path: childPath,
        key,
        node: child,
        required: required.has(key),
        isSecret: child['x-secret'] === true,
      })
  }
  return { path, node, optional, settings, sections }
}

/** All settings of a section and of the sections below it. */
export function allSettings(section: Section): readonly Setting[] {
  return [...section.settings, ...section.sections.flatMap(allSettings)]
}
