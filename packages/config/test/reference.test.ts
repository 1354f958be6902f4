import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { Type } from '@sinclair/typebox'
import { configReference, loadConfig, sampleConfig, secretSetting } from '../src/index.ts'

const schema = Type.Object({
  proxy: Type.Object(
    {
      port: Type.Integer({ minimum: 0, maximum: 65535, default: 20003, description: 'Port of the | proxy.' }),
      key: Type.Optional(secretSetting({ description: 'A key.' })),
      name: Type.Optional(Type.String({ description: 'A name.' })),
    },
    { description: 'The proxy.' },
  ),
})

test('the reference page lists every key with what it accepts, its default and its variable', () => {
  const page = configReference(schema, { title: 'Configuration', introduction: 'All keys.' })
  assert.match(page, /^# Configuration\n\nAll keys\.\n\n## proxy\n\nThe proxy\.\n\n\| Key /)
  assert.ok(
    page.includes(
      '| `proxy.port` | an integer from 0 to 65535 | `20003` | `LANDBRIDGE_PROXY_PORT` | Port of the \\| proxy. |',
    ),
  )
  assert.ok(page.includes('`LANDBRIDGE_PROXY_KEY_FILE`'))
  assert.ok(page.includes('| `proxy.name` | text | none |'))
})

test('the sample file is valid and changes nothing', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'sample.yaml')
  writeFileSync(file, sampleConfig(schema))
  assert.deepEqual(loadConfig(schema, { file, environment: {} }), loadConfig(schema, { environment: {} }))
})
