// What a program needs: files of its own package by their imports, and whole packages by their manifests.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** Imports and exports of values; those of types are gone when the program runs. */
const specifiers =
  /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

/** Files that a module reaches inside its package, and the names of the packages that they import. */
export function filesReachedFrom(entry) {
  const files = new Set()
  const packages = new Set()
  const open = [entry]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue
    files.add(file)
    for (const [, quoted, lazy] of readFileSync(file, 'utf8').matchAll(specifiers)) {
      const name = quoted ?? lazy
      if (name.startsWith('.')) open.push(resolve(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(packageOf(name))
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() }
}

/** Folders of packages with everything that they depend on at run time, as this machine has it installed. */
export function packagesReachedFrom(names, from) {
  const found = new Map()
  const open = names.map((name) => ({ name, from, isOptional: false }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const place = find(next.name, next.from)
    if (place === undefined) {
      if (next.isOptional) continue
      throw new Error(`${next.name}, which ${next.from} needs, is not installed: run npm ci first`)
    }
    const folder = realpathSync(place)
    if (found.has(place)) continue
    found.set(place, folder)
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    )
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      open.push({ name, from: folder, isOptional: name in optionalDependencies })
  }
  return found
}

function packageOf(specifier) {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? `${parts[0]}/${parts[1]}` : parts[0]
}

/** Where Node would find a package that a module in `from` names. */
function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    if (existsSync(join(place, 'package.json'))) return place
    if (folder === dirname(folder)) return undefined
  }
}
