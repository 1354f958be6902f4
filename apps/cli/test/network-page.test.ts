import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/network-of-the-cloud-connector.md'), 'utf8')

/** The cells of the table row that begins with a text. */
function row(name: string): readonly string[] {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`| ${name} |`))
  assert.ok(line !== undefined, `there is no row ${name}`)
  return line.split('|').map((cell) => cell.trim())
}

test('the page about the network lists the ports of each protocol and both zones (SCC-020)', () => {
  assert.match(row('HTTP, HTTPS')[2] ?? '', /\b80\b.*\b443\b/)
  assert.match(row('LDAP, LDAPS')[2] ?? '', /\b389\b.*\b636\b/)
  assert.match(row('RFC to an application server')[2] ?? '', /33NN.*48NN/)
  assert.match(row('RFC with load balancing')[2] ?? '', /message server/)
  assert.match(row('RFC through an SAProuter').join(' '), /routtab/)
  assert.match(row('DMZ')[3] ?? '', /ports of the internal systems/)
  assert.match(row('Intranet')[3] ?? '', /443/)
  assert.match(row('`connectivitynotification.<region host>`')[2] ?? '', /^443$/)
})
