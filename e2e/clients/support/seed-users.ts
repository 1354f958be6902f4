import { randomUUID, scryptSync } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestPlatform } from '@landbridge/testkit'
import { operate } from './administration.ts'

/**
 * Local users of the demo's subaccount, all with one password, written to the database beside the running platform. Their
 * hashes are much cheaper than those the platform makes, so that hundreds of people can log on within seconds.
 */
export async function seedUsers(platform: TestPlatform, names: readonly string[], password: string): Promise<void> {
  const subaccountId = platform.binding('xsuaa').subaccountid ?? ''
  const template = 'template@plant.example'
  const path = `/subaccounts/${subaccountId}/users`
  const { id } = await operate(platform, 'POST', path, { userName: template, email: template, password })
  const salt = Buffer.from(randomUUID())
  const hash = scryptSync(password, salt, 32, { N: 2 ** 4, r: 8, p: 1 })
  const stored = `scrypt$4$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`
  const database = new DatabaseSync(join(platform.dataDirectory, 'cloud.db'), { timeout: 5_000 })
  try {
    const row = database.prepare('SELECT * FROM local_user WHERE id = ?').get(id) as Record<string, string>
    const columns = Object.keys(row)
    const insert = database.prepare(
      `INSERT INTO local_user (${columns.join(', ')}) VALUES (${columns.map((name) => `:${name}`).join(', ')})`,
    )
    database.exec('BEGIN IMMEDIATE')
    for (const name of names) {
      const email = `${name}@plant.example`
      insert.run({ ...row, id: randomUUID(), user_name: email, user_key: email, email, password_hash: stored })
    }
    database.exec('COMMIT')
  } finally {
    database.close()
  }
}
