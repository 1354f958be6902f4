// `npm test`: every test file of the workspace under node:test, in parallel, one process per file.
//   npm test                   all
//   npm test -- tunnel socks5  only files whose path contains one of the words
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'))
const files = globSync(
  ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'testkit/test/**/*.test.ts', 'e2e/**/*.test.ts'],
  {
    exclude: (name) => name === 'node_modules',
  },
)
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`No test file matches: ${words.join(' ')}`)
  process.exit(1)
}

// One PostgreSQL cluster for all files that ask for a database in it.
const wantsDatabase = files.some((file) => /\b(?:newDatabase|onEveryDatabase)\(/.test(readFileSync(file, 'utf8')))
const cluster = wantsDatabase ? await startCluster() : { environment: {}, stop: async () => {} }

// The same files are stripped of their types and compiled by hundreds of processes otherwise.
const compileCache = fileURLToPath(new URL('../node_modules/.cache/tests', import.meta.url))
const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-concurrency=3',
    '--test-timeout=180000',
    '--disable-warning=ExperimentalWarning',
    ...flags,
    ...files,
  ],
  {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...cluster.environment, NODE_ENV: 'test' },
  },
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', async (code, signal) => {
  await cluster.stop()
  process.exit(signal ? 1 : (code ?? 1))
})

async function startCluster() {
  const { startPostgres } = await import('./src/postgres.ts')
  const { clusterUnavailableVariable, clusterUrlVariable } = await import('./src/database.ts')
  const server = await startPostgres()
  return 'unavailable' in server
    ? { environment: { [clusterUnavailableVariable]: server.unavailable }, stop: async () => {} }
    : { environment: { [clusterUrlVariable]: server.url }, stop: () => server.stop() }
}
