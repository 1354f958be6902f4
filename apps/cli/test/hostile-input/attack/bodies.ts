import { gzipSync } from 'node:zlib'

/** A body whose bytes are the attack, with the headers that belong to it. */
export interface RawBody {
  readonly body: string | Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Too deep, too large, in another encoding, cut off, and what only claims to be of a type. */
export const rawBodies: readonly RawBody[] = [
  ...['[', '{"a":', '{"Name":['].map((open) => json(open.repeat(60_000))),
  json(`${'['.repeat(50_000)}${']'.repeat(50_000)}`),
  json(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
  json(Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])),
  json(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])),
  json(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])),
  json('{"Name":"\\ud800","__proto__":{"admin":true},"Name":1}'),
  json('{"constructor":{"prototype":{"admin":true}}}'),
  json('{"name":1e999999}'),
  json(`{"a":${'9'.repeat(100_000)}}`),
  json(`{${Array.from({ length: 30_000 }, (_, index) => `"k${index}":1`).join()}}`),
  json(' '.repeat(200_000)),
  json(''),
  json('{"a":1'),
  { body: gzipSync('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
  { body: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } },
  { body: '{}', headers: { 'content-type': `application/json;${'a=b;'.repeat(2_000)}` } },
  { body: '{}', headers: { 'content-type': 'text/plain' } },
  { body: '{}', headers: { 'content-type': ';;//' } },
  { body: '{}', headers: {} },
  form('a=b'),
  form('a'.repeat(100_000)),
  form('&'.repeat(100_000)),
  form(Array.from({ length: 20_000 }, (_, index) => `a[${index}]=%zz`).join('&')),
  form('%ff%fe=%00&__proto__[a]=b&grant_type=%'),
  { body: '--x\r\n', headers: { 'content-type': 'multipart/form-data' } },
  { body: '--x--', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { body: `${'--x\r\n\r\n\r\n'.repeat(20_000)}--x--`, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { body: `--x\r\n${'A: b\r\n'.repeat(30_000)}`, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { body: '--\r\n\r\n', headers: { 'content-type': `multipart/form-data; boundary=${'"'.repeat(200)}` } },
  { body: Buffer.alloc(200_000, 0x30), headers: { 'content-type': 'application/octet-stream' } },
  { body: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', headers: { 'content-type': 'text/xml' } },
]

/** More than any service takes. The connection may end before all of it was sent. */
export const tooLarge: RawBody = json(`"${'x'.repeat(9 * 1024 * 1024)}"`)

function json(body: string | Buffer): RawBody {
  return { body, headers: { 'content-type': 'application/json' } }
}

function form(body: string): RawBody {
  return { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
}
