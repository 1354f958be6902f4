import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc, { seed } from '../src/properties.ts'

interface Manifest {
  readonly name: string
  readonly layer: number
  readonly folder: string
  readonly exports: Readonly<Record<string, string>>
  readonly declared: ReadonlySet<string>
  readonly developmentOnly: ReadonlySet<string>
}

interface Import {
  readonly from: Manifest
  readonly file: string
  readonly specifier: string
  /** The package that the specifier names, without a path inside it. */
  readonly target: string
}

const root = join(import.meta.dirname, '../..')
const manifests = globSync(['packages/*/package.json', 'apps/*/package.json', 'testkit/package.json'], { cwd: root })
  .map(readManifest)
  .sort((a, b) => a.layer - b.layer)
const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]))
const rootManifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  string,
  Record<string, string>
>
const rootDevelopment = new Set(Object.keys(rootManifest.devDependencies ?? {}))
const sources = manifests.flatMap((manifest) => importsOf(manifest, 'src/**/*.{ts,tsx}'))
const tests = manifests.flatMap((manifest) => importsOf(manifest, 'test/**/*.ts'))

function readManifest(path: string): Manifest {
  const json = JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, never>
  return {
    name: json.name ?? '',
    layer: Number(json.layer),
    folder: dirname(path),
    exports: json.exports ?? {},
    declared: new Set([json.dependencies, json.optionalDependencies].flatMap((named) => Object.keys(named ?? {}))),
    developmentOnly: new Set(Object.keys(json.devDependencies ?? {})),
  }
}

function importsOf(from: Manifest, pattern: string): readonly Import[] {
  return globSync(`${from.folder}/${pattern}`, { cwd: root }).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const specifiers = text.matchAll(
      /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]|(?:^\s*import\s+|\bimport\(\s*)['"]([^'"]+)['"]/gm,
    )
    return [...specifiers].map((match) => {
      const specifier = match[1] ?? match[2] ?? ''
      return { from, file, specifier, target: packageOf(specifier) }
    })
  })
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function isRelative({ specifier }: Import): boolean {
  return specifier.startsWith('.')
}

/** The library for properties takes time to load that most tests can spare, so it has an entry of its own. */
function isIndex({ specifier, target }: Import): boolean {
  return specifier === target || specifier === '@landbridge/testkit/properties'
}

function list(imports: readonly Import[]): readonly string[] {
  return imports.map(({ file, specifier }) => `${file} imports ${specifier}`)
}

test('every package names its layer, and its manifest exports only its index', () => {
  for (const manifest of manifests) {
    assert.ok(Number.isInteger(manifest.layer), `${manifest.name} has no layer`)
    const more = manifest.name === '@landbridge/testkit' ? { './properties': './src/properties.ts' } : {}
    assert.deepEqual(manifest.exports, { '.': './src/index.ts', ...more }, manifest.name)
  }
})

test('properties are tried with the same values in every run: their library comes from the testkit alone', () => {
  const files = globSync('{packages,apps,testkit,e2e}/**/*.ts', {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  })
  const own = files.filter((file) => /^import (?!type\b).*'fast-check'/m.test(readFileSync(join(root, file), 'utf8')))
  assert.deepEqual(own, [join('testkit', 'src', 'properties.ts')])
  assert.equal(fc.readConfigureGlobal()?.seed === seed, process.env.LANDBRIDGE_FUZZ === undefined)
})

test('a package imports lower layers only; the command line alone may import applications', () => {
  const wrong = sources.filter(({ from, target }) => {
    const imported = byName.get(target)
    return imported !== undefined && imported !== from && imported.layer >= from.layer
  })
  assert.deepEqual(list(wrong), [])
})

test('a package is imported through its index, never at a file inside it', () => {
  const deep = [...sources, ...tests].filter(
    (entry) => byName.has(entry.target) && !isIndex(entry) && !isRelative(entry),
  )
  assert.deepEqual(list(deep), [])
  const outside = sources.filter(
    (entry) => isRelative(entry) && !join(dirname(entry.file), entry.specifier).startsWith(`${entry.from.folder}/src/`),
  )
  assert.deepEqual(list(outside), [])
})

test('whatever a package imports stands in its own manifest', () => {
  const undeclared = sources.filter(
    (entry) => !isRelative(entry) && !isBuiltin(entry.specifier) && !entry.from.declared.has(entry.target),
  )
  assert.deepEqual(list(undeclared), [])
  const unknownInTests = tests.filter(
    (entry) =>
      !isRelative(entry) &&
      !isBuiltin(entry.specifier) &&
      !byName.has(entry.target) &&
      !entry.from.declared.has(entry.target) &&
      !entry.from.developmentOnly.has(entry.target) &&
      !rootDevelopment.has(entry.target),
  )
  assert.deepEqual(list(unknownInTests), [])
})

test('manifests depend on lower layers only, so no cycle is possible', () => {
  const wrong = manifests.flatMap((manifest) =>
    [...manifest.declared]
      .filter((name) => (byName.get(name)?.layer ?? -1) >= manifest.layer)
      .map((name) => `${manifest.name} depends on ${name}`),
  )
  assert.deepEqual(wrong, [])
})

test('files of one package do not import each other in a circle', () => {
  const edges = new Map<string, string[]>()
  for (const entry of sources.filter(isRelative)) {
    // Types vanish before the code runs: a circle of types is no circle of modules.
    const text = readFileSync(join(root, entry.file), 'utf8')
    const quoted = entry.specifier.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (new RegExp(`^(import|export) type [^;]*?from '${quoted}'`, 'm').test(text)) continue
    const target = join(dirname(entry.file), entry.specifier)
    edges.set(entry.file, [...(edges.get(entry.file) ?? []), target])
  }
  assert.deepEqual(circles(edges), [])
})

function circles(edges: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file)
    if (start >= 0) found.push([...trail.slice(start), file].join(' -> '))
    if (start >= 0 || done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return found
}

test('domain packages know no web framework, database, environment variable or file', () => {
  const forbidden = new Set([
    'fastify',
    'kysely',
    'pg',
    'undici',
    'yaml',
    'pino',
    'commander',
    'node:fs',
    'node:sqlite',
  ])
  const domain = sources.filter(({ from }) => from.layer <= 2)
  assert.deepEqual(list(domain.filter(({ specifier }) => forbidden.has(specifier))), [])
  const reading = [...new Set(domain.map(({ file }) => file))].filter((file) =>
    /\bprocess\.env\b/.test(readFileSync(join(root, file), 'utf8')),
  )
  assert.deepEqual(reading, [])
})
