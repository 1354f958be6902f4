// Builds the package that applications install: JavaScript with types, for Node 20 and later, in the folder `dist`.
// The packages of this workspace that the library uses are compiled into it, so that it is one package with one
// dependency. Plain JavaScript, as it must run on the Node of whoever builds.
import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const client = dirname(here)
const repository = join(client, '../..')
const output = join(client, 'dist')
const own = /(['"])@landbridge\/([\w-]+)\1/g
/** The compiler rewrites these in JavaScript only. */
const typeScriptPath = /(['"])(\.{1,2}\/[^'"]+)\.ts\1/g

rmSync(output, { recursive: true, force: true })
execFileSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', here], { stdio: 'inherit' })
for (const file of readdirSync(output, { recursive: true }))
  if (/\.(js|d\.ts)$/.test(file)) useOwnCopies(join(output, file))
writeManifest()
// The rest of the page is for readers of the repository.
const [readme] = readFileSync(join(client, 'README.md'), 'utf8').split('\n## In the repository')
writeFileSync(join(output, 'README.md'), readme)
copyFileSync(join(repository, 'LICENSE'), join(output, 'LICENSE'))

/** Names of workspace packages become paths to what was compiled from them. */
function useOwnCopies(file) {
  const text = readFileSync(file, 'utf8')
  const toOwn = (_all, quote, name) => {
    const path = relative(dirname(file), join(output, name, 'src/index.js'))
      .split(sep)
      .join('/')
    return `${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`
  }
  const changed = text.replace(own, toOwn).replace(typeScriptPath, '$1$2.js$1')
  if (changed !== text) writeFileSync(file, changed)
}

function writeManifest() {
  const read = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { name, version, type, license, description, keywords, repository: home, dependencies } = read(client)
  const kept = Object.entries(dependencies).filter(([dependency]) => !dependency.startsWith('@landbridge/'))
  const manifest = {
    name,
    version,
    type,
    license,
    description,
    keywords,
    ...(home === undefined ? {} : { repository: home }),
    engines: { node: '>=20.18.1' },
    sideEffects: false,
    exports: {
      '.': { types: './client/src/index.d.ts', default: './client/src/index.js' },
      './package.json': './package.json',
    },
    types: './client/src/index.d.ts',
    dependencies: Object.fromEntries(kept),
  }
  writeFileSync(join(output, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}
