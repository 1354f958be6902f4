import assert from 'node:assert/strict'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { repository, runChild } from '@landbridge/testkit'

const quiet = ['--no-audit', '--no-fund']

/**
 * Copies an example to a folder of its own and installs what it needs, as a reader does. Without a network, and where the
 * cache of npm does not know the packages, it gets those of this repository: the versions are the same.
 * @returns how it got them, for the report of a test
 */
export async function installExample(name: string, folder: string): Promise<string> {
  cpSync(join(repository, 'examples', name), folder, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  })
  const { status } = await runChild('npm', ['install', '--prefer-offline', '--fetch-retries=0', ...quiet], {
    cwd: folder,
  })
  if (status === 0) return 'installed from the registry or the cache of npm'
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  return 'linked to the packages of the repository'
}

/** Makes the package of the client library and installs it with its one dependency, all from this machine. */
export async function installClient(folder: string): Promise<void> {
  const npm = async (args: readonly string[], cwd: string): Promise<void> => {
    const { status, stdout, stderr } = await runChild('npm', [...args, ...quiet], { cwd })
    assert.equal(status, 0, `npm ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
  await npm(['run', 'pack:client', '--', '--pack-destination', folder], repository)
  const undici = dirname(createRequire(join(repository, 'packages/client/src/index.ts')).resolve('undici'))
  await npm(['pack', undici, '--pack-destination', folder, '--ignore-scripts'], folder)
  const { version } = JSON.parse(readFileSync(join(undici, 'package.json'), 'utf8')) as { readonly version: string }
  const packages = ['landbridge-client-0.1.0.tgz', `undici-${version}.tgz`].map((file) => `./${file}`)
  await npm(['install', '--offline', ...packages], folder)
}
