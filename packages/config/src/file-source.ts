import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { expectation, shown } from './expectation.ts'
import type { GivenValue } from './given.ts'
import { nearestName } from './names.ts'
import type { ConfigProblem } from './problem.ts'
import type { Section, Setting } from './schema-node.ts'
import { readSecretFile } from './secret-file.ts'

/** Reads a YAML (or JSON) file against the schema's sections. Problems carry file and line. */
export function readConfigFile(
  file: string,
  root: Section,
  problems: ConfigProblem[],
): ReadonlyMap<string, GivenValue> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error'
    problems.push({ origin: file, path: '(file)', expected: 'a readable YAML file', found: code })
    return new Map()
  }
  return new FileReader(file, text, problems).read(root)
}

class FileReader {
  readonly #file: string
  readonly #text: string
  readonly #problems: ConfigProblem[]
  readonly #lines: LineCounter
  readonly #given: Map<string, GivenValue>

  constructor(file: string, text: string, problems: ConfigProblem[]) {
    this.#file = file
    this.#text = text
    this.#problems = problems
    this.#lines = new LineCounter()
    this.#given = new Map()
  }

  read(root: Section): ReadonlyMap<string, GivenValue> {
    const document = parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false })
    for (const error of document.errors)
      this.#problem(this.#at(error.pos[0]), '(file)', 'well-formed YAML', error.message)
    if (document.errors.length > 0) return this.#given
    const contents = document.contents
    if (isMap(contents)) this.#section(root, contents as YAMLMap<Node, Node | null>)
    else if (contents !== null && !(isScalar(contents) && contents.value === null))
      this.#problem(this.#file, '(file)', 'a map of settings', shown(document.toJS()))
    return this.#given
  }

  #section(section: Section, map: YAMLMap<Node, Node | null>): void {
    for (const pair of map.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key)
      const origin = this.#at(pair.key.range?.[0])
      const path = section.path === '' ? key : `${section.path}.${key}`
      const setting = section.settings.find((candidate) => candidate.key === key)
      const child = section.sections.find((candidate) => candidate.path === path)
      if (setting !== undefined) this.#setting(setting, pair, origin)
      else if (child !== undefined) this.#child(child, pair, origin)
      else this.#unknown(section, key, path, origin)
    }
  }

  #child(section: Section, pair: Pair<Node, Node | null>, origin: string): void {
    if (isMap(pair.value)) this.#section(section, pair.value as YAMLMap<Node, Node | null>)
    else if (pair.value !== null && !(isScalar(pair.value) && pair.value.value === null))
      this.#problem(origin, section.path, 'a section with settings below it', shown(pair.value.toJSON()))
  }

  #setting(setting: Setting, pair: Pair<Node, Node | null>, origin: string): void {
    const value: unknown = pair.value === null ? null : pair.value.toJSON()
    if (!setting.isSecret) {
      this.#given.set(setting.path, { value, origin })
      return
    }
    const path = typeof value === 'object' && value !== null && 'file' in value ? value.file : undefined
    if (typeof path !== 'string') {
      this.#problem(origin, setting.path, expectation(setting.node), 'a value in the file (not shown)')
      return
    }
    const read = readSecretFile(path, dirname(this.#file))
    if ('value' in read) this.#given.set(setting.path, { value: read.value, origin })
    else this.#problem(origin, setting.path, 'a readable, non-empty file', read.failure)
  }

  #unknown(section: Section, key: string, path: string, origin: string): void {
    const known = [
      ...section.settings.map((setting) => setting.key),
      ...section.sections.map((child) => child.path.slice(section.path === '' ? 0 : section.path.length + 1)),
    ]
    const nearest = nearestName(key, known)
    const where = section.path === '' ? 'a known key' : `a known key of ${section.path}`
    const hint = nearest === undefined ? `known: ${known.join(', ')}` : `did you mean ${nearest}?`
    this.#problem(origin, path, where, `unknown key ${key}`, hint)
  }

  #at(offset: number | undefined): string {
    return offset === undefined ? this.#file : `${this.#file}:${this.#lines.linePos(offset).line}`
  }

  #problem(origin: string, path: string, expected: string, found: string, hint?: string): void {
    this.#problems.push({ origin, path, expected, found, ...(hint === undefined ? {} : { hint }) })
  }
}
