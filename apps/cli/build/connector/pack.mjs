// Packs the Cloud Connector as software to install: `npm run pack:connector [-- --out FILE]`. The archive holds all that
// it needs, Node too, and starts with go.sh wherever it is extracted. Plain JavaScript, as it must run on the Node of
// whoever builds.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeFlagsOf } from '../../../../bin/node-flags.mjs'
import { filesReachedFrom, packagesReachedFrom } from './module-closure.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const repository = join(here, '../../../..')
const cli = join(repository, 'apps/cli')
const entry = join(cli, 'src/installed/main.ts')
const { version, license } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

const { values } = parseArgs({ options: { out: { type: 'string' }, level: { type: 'string', default: '6' } } })
const platform = `${process.platform}-${process.arch}`
if (process.platform !== 'linux') fail(`The package is one for Linux; this is ${platform}.`)
if (!/^[0-9]$/.test(values.level)) fail('--level is a level of gzip, 1 to 9, or 0 for none.')
const archive = resolve(values.out ?? join(repository, 'dist', `landbridge-scc-${version}-${platform}.tar.gz`))

const stage = mkdtempSync(join(tmpdir(), 'landbridge-scc-'))
try {
  assemble(stage)
  mkdirSync(dirname(archive), { recursive: true })
  const reproducible = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0']
  const packing = values.level === '0' ? [] : ['-I', `gzip -n${values.level}`]
  const names = readdirSync(stage).sort()
  execFileSync('tar', [...reproducible, ...packing, '-cf', archive, '-C', stage, ...names], { stdio: 'inherit' })
  console.log(archive)
} finally {
  rmSync(stage, { recursive: true, force: true })
}

/** The content of the archive. The program is in a folder of its version: an upgrade never mixes two of them. */
function assemble(folder) {
  chmodSync(folder, 0o755)
  for (const name of readdirSync(join(here, 'files'))) {
    const text = readFileSync(join(here, 'files', name), 'utf8')
    writeFileSync(
      join(folder, name),
      text.replaceAll('@VERSION@', version).replaceAll('@NODE_FLAGS@', nodeFlagsOf('connector').join(' ')),
    )
    chmodSync(join(folder, name), name.endsWith('.sh') ? 0o755 : 0o644)
  }
  copyFileSync(join(repository, 'LICENSE'), join(folder, 'LICENSE'))
  const program = join(folder, 'program', version)
  mkdirSync(program, { recursive: true })
  copyFileSync(join(here, 'find-node.sh'), join(program, 'find-node.sh'))
  copyNode(program)
  const manifest = { name: 'landbridge-scc', version, private: true, type: 'module', license }
  writeFileSync(join(program, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)

  const { files, packages } = filesReachedFrom(entry)
  for (const file of [...files, join(cli, 'package.json')]) copy(file, join(program, relative(repository, file)))
  for (const [place, source] of packagesReachedFrom(packages, cli)) {
    const target = join(program, relative(repository, source))
    if (lstatSync(place).isSymbolicLink()) link(target, join(program, relative(repository, place)))
    copyPackage(source, target)
  }
}

/** The Node that the lock file pins for this platform. */
function copyNode(program) {
  const folder = join(repository, 'node_modules', `node-${platform}`)
  try {
    // A copy on write where the file system can do that: the file has some 120 MB.
    copyFileSync(join(folder, 'bin/node'), join(program, 'node'), constants.COPYFILE_FICLONE)
    copyFileSync(join(folder, 'LICENSE'), join(program, 'node.LICENSE'))
  } catch (failure) {
    fail(`There is no Node to pack (${failure.message}). Run "npm ci" without --omit=optional first.`)
  }
  chmodSync(join(program, 'node'), 0o755)
}

/** Code and licences: what only developers read would double the size. */
function copyPackage(source, target) {
  const isOwn = !source.includes('node_modules')
  cpSync(source, target, {
    recursive: true,
    filter(from) {
      const path = relative(source, from)
      if (path.startsWith('node_modules') || /\.(d\.[mc]?ts|map|md)$/.test(path)) return false
      return !isOwn || path === '' || path === 'package.json' || path === 'src' || path.startsWith('src/')
    },
  })
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}

function link(target, place) {
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(relative(dirname(place), target), place)
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
