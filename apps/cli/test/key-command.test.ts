import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isPlatformError, type PlatformError } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { keysOfCommand } from '../src/keys/key-command.ts'

const keys = [randomBytes(32), randomBytes(32)] as const
const printed = keys.map((key) => key.toString('base64'))
const environment = { PATH: process.env.PATH, HOME: '/home/operator' }
const limits = { timeMs: 20_000, outputBytes: 4_096 }

/** What a script is given as `$1` and so on. */
const sh = (script: string, ...args: string[]) => ['sh', '-c', script, 'key-script', ...args]

/** Why a command is refused. What it printed and what it was given must not be in the error, whatever it did. */
async function refusal(command: readonly string[], given = {}, changed = {}): Promise<PlatformError> {
  try {
    await keysOfCommand(command, 'store.sealingKeyCommand', { ...environment, ...given }, { ...limits, ...changed })
  } catch (thrown) {
    assert.ok(thrown instanceof Error && isPlatformError(thrown, 'CLI_KEY_COMMAND_FAILED'), String(thrown))
    const told = JSON.stringify(thrown.facts) + thrown.stack
    for (const secret of [...printed, ...Object.values<string>(given)])
      assert.ok(!told.includes(secret.replace(/=+$/, '')), told)
    assert.equal(thrown.facts.setting, 'store.sealingKeyCommand')
    assert.equal(thrown.facts.program, command[0])
    return thrown
  }
  assert.fail('the command was accepted')
}

test('the keys are what a command prints, and it gets its arguments as they are and none of our variables', async () => {
  const given = { ...environment, AWS_REGION: 'eu-central-1', LANDBRIDGE_STORE_POSTGRES_URL: 'postgres://u:p@db/x' }
  const script = `[ "$1" = '$(touch x); *' ] && [ "$AWS_REGION" = eu-central-1 ] && [ "$HOME" = /home/operator ] || exit 1
    env | grep LANDBRIDGE && exit 2
    read -r line && exit 3
    echo "warning: nothing to worry about" >&2
    printf '%s\\n%s\\n' "$2" "$3"`
  const command = sh(script, '$(touch x); *', ...printed)
  assert.deepEqual(await keysOfCommand(command, 'sealingKeyCommand', given), keys)
})

test('a command that fails is refused with its status and what it wrote to its error output, without a secret', async () => {
  const token = 'hvs.not-so-long'
  const script = `set -x; printf '%s\\n' "$1"; echo "token=$VAULT_TOKEN at \${VAULT_TOKEN}" >&2
    printf 'first line\\033[31m\\nsecond \\007line: access denied' >&2; exit 7`
  const { facts } = await refusal(sh(script, printed[0] ?? ''), { VAULT_TOKEN: token })
  assert.equal(facts.reason, 'it ended with status 7')
  assert.match(String(facts.errorOutput), /\[masked\].* \| first line \| second \| line: access denied/)
  const unknown = `echo "key ${printed[0]} of ${keys[0].toString('hex')}, Bearer short-one" >&2; exit 1`
  assert.equal(
    (await refusal(sh(unknown))).facts.errorOutput,
    'key [masked] of [masked], Bearer [masked]',
    'also what it did not print as a key',
  )
  const { facts: long } = await refusal(sh('yes "the disk is full, and more" | head -n 5000 >&2; exit 1'))
  assert.ok(String(long.errorOutput).length < 700)
  assert.match(String(long.errorOutput), /^… .*the disk is full, and more$/)
  assert.equal((await refusal(sh('kill -9 $$'))).facts.reason, 'it was ended by SIGKILL')
  assert.match(String((await refusal(['/nowhere/to/be-found'])).facts.reason), /does not start \(ENOENT\)/)
  assert.match(String((await refusal(['sh', 'a\0b'])).facts.reason), /does not start/)
})

test('a command that prints no key, or something else than keys, is refused', async () => {
  const of = async (script: string) => String((await refusal(sh(script, ...printed))).facts.reason)
  assert.match(await of('true'), /it holds no key/)
  assert.match(await of('printf "%s\\ngarbage\\n" "$1"'), /key 2 of 2 is not 32 bytes in base64/)
  // Words of an error message in the place of a key, as long as one.
  assert.match(await of(`echo '{"error":"no.such.key/in.this.vault","code":"404.1"}'`), /it is not 32 bytes/)
  assert.match(await of('yes "$1"'), /it wrote more than 4096 bytes to its standard output/)
})

test('a command that does not end in time is ended with all that it started', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'pid')
  // The script itself has ended: what it left behind holds the output.
  for (const script of ['sleep 60 & echo $! > "$1"; wait', 'sleep 60 & echo $! > "$1"']) {
    const { facts } = await refusal(sh(script, file), {}, { timeMs: 500 })
    assert.match(String(facts.reason), /did not end, or did not close its output, within 500 ms/)
    const pid = Number(readFileSync(file, 'utf8'))
    const isGone = () => !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    while (!isGone()) await new Promise((resolve) => setImmediate(resolve))
  }
})
