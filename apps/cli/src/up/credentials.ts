import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError, randomSecret } from '@landbridge/kernel'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { writeFileWhole } from '../state/write-file.ts'

const credentialsSchema = Type.Object({
  /** The user who may pair connectors and administrate the demo subaccount. */
  administrator: Type.Object({ name: Type.String(), password: Type.String() }),
  /** A business user of the demo. */
  user: Type.Object({ name: Type.String(), password: Type.String() }),
  /** Logon to the REST API of the Cloud Connector. */
  connector: Type.Object({ name: Type.String(), password: Type.String() }),
  /** Bearer of the operator API of the connectivity service. */
  operatorSecret: Type.String(),
})

/** Passwords that `landbridge up` made up on its first start. */
export type DemoCredentials = Static<typeof credentialsSchema>

/**
 * Reads the generated credentials of a data directory, or generates them (mode 0600).
 * @throws PlatformError CLI_STATE_INVALID when the file is damaged: making up new ones would lock everybody out.
 */
export function demoCredentials(dataDirectory: string): DemoCredentials {
  const path = join(dataDirectory, 'credentials.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown
    const fresh = generate()
    writeFileWhole(path, `${JSON.stringify(fresh, null, 2)}\n`)
    return fresh
  }
  return read(path, text)
}

function read(path: string, text: string): DemoCredentials {
  try {
    return Value.Decode(credentialsSchema, JSON.parse(text))
  } catch {
    // The cause would quote the file.
    throw new PlatformError('CLI_STATE_INVALID', { path, reason: 'it is damaged' })
  }
}

function generate(): DemoCredentials {
  return {
    administrator: { name: 'admin@demo.example', password: randomSecret(12) },
    user: { name: 'alice@demo.example', password: randomSecret(12) },
    connector: { name: 'Administrator', password: randomSecret(12) },
    operatorSecret: randomSecret(32),
  }
}
