import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, runLandbridge } from '@landbridge/testkit'
import { suitePlatform } from './started.ts'

// What the editor of a cockpit does, on the command line.

const platform = suitePlatform()
const { data, folder } = platform

const words = (line: string): readonly string[] => ['destination', ...line.split(' '), '--data', data]
const run = (line: string) => runCommand(words(line), { cwd: folder })
/** With something in the input of the process, as a script gives it. */
const runWith = (input: string, line: string) => runLandbridge(words(line), { cwd: folder, input })

test('HTTP, RFC and MAIL destinations are made from templates on both levels, and shown with their fields (DEST-208, CONN-251)', async () => {
  for (const [template, name, fields] of [
    ['basic', 'my-system', ['Type=HTTP', 'URL=', 'User=', '#Password=']],
    ['rfc', 'my-abap', ['Type=RFC', 'jco.client.ashost=', 'jco.client.user=', '#jco.client.passwd=']],
    ['mail', 'my-mail', ['Type=MAIL', 'mail.smtp.host=', 'mail.user=', '#mail.password=']],
  ] as const) {
    const { stdout } = await runCommand(['destination', 'templates', template])
    writeFileSync(join(folder, template), stdout.replaceAll(/<([^>]*)>/g, 'x'))
    for (const level of ['subaccount', 'instance']) {
      const made = await run(`import ${template} --level ${level}`)
      assert.deepEqual([made.status, made.stdout], [0, `${name}: created.\n`], made.stderr)
      const shown = (await run(`show ${name} --level ${level}`)).stdout.split('\n')
      for (const field of fields)
        assert.ok(
          shown.some((line) => line.startsWith(field)),
          `${name} ${field}`,
        )
    }
  }
})

test('an export without secrets asks for them when it is imported elsewhere (DEST-215)', async () => {
  const text = 'Name=asked\nType=HTTP\nURL=https://a.example\nAuthentication=BasicAuthentication\nUser=u\n'
  writeFileSync(join(folder, 'asked'), `${text}Password=first\nclientSecret=second\n`)
  assert.equal((await run('import asked')).status, 0)
  const exported = await run('export asked --out exported')
  assert.equal(exported.status, 0, exported.stderr)
  const content = readFileSync(join(folder, 'exported'), 'utf8')
  assert.match(content, /^#Password=<< Existing password\/certificate removed on export >>$/m)
  assert.doesNotMatch(content, /first|second/)
  writeFileSync(join(folder, 'moved'), content.replace('Name=asked', 'Name=moved'))

  const silent = await runWith('third\nfourth\n', 'import moved')
  assert.match(silent.stderr, /moved: property Password is missing/)
  const asked = await runWith('third\nfourth\n', 'import moved --ask')
  assert.deepEqual([asked.status, asked.stdout], [0, 'moved: created.\n'], asked.stderr)
  for (const key of ['Password', 'clientSecret']) assert.ok(asked.stderr.includes(`${key} (not shown`))
  assert.doesNotMatch(asked.stderr + asked.stdout, /third|fourth/)
  const ended = await runWith('', 'import moved --ask --existing update')
  assert.equal(ended.stdout, 'moved: updated.\n', ended.stderr)
})

test('the trust certificate is made, downloaded, prepared and rotated on the command line (CONN-222)', async () => {
  assert.match((await run('trust show')).stderr, /does not exist/)
  const made = await run('trust renew')
  const first = new X509Certificate(made.stdout)
  assert.equal((await run('trust show --out trust.pem')).status, 0)
  assert.equal(new X509Certificate(readFileSync(join(folder, 'trust.pem'))).fingerprint256, first.fingerprint256)
  const next = new X509Certificate((await run('trust renew --passive')).stdout)
  assert.notEqual(next.fingerprint256, first.fingerprint256)
  assert.equal(new X509Certificate((await run('trust rotate')).stdout).fingerprint256, next.fingerprint256)
  assert.equal(new X509Certificate((await run('trust show --passive')).stdout).fingerprint256, first.fingerprint256)
  assert.match((await run('trust metadata')).stdout, /<ns3:EntityDescriptor/)
  assert.equal((await run('trust break')).status, 2)
})
