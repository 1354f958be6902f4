// Started by the test: an internal system's side of Kerberos. Reads tokens of SPNEGO (base64), one a line, and prints whom
// each of them logs on; KRB5_KTNAME names the key table of the service.
import { createInterface } from 'node:readline'
import koffi from 'koffi'

const library = koffi.load('libgssapi_krb5.so.2')
const buffer = koffi.struct({ length: 'size_t', value: 'void *' })
const minor = koffi.out(koffi.pointer('uint32_t'))
const inOut = koffi.inout(koffi.pointer('void *'))
const out = koffi.out(koffi.pointer('void *'))
const filled = koffi.inout(koffi.pointer(buffer))
const accept = library.func('gss_accept_sec_context', 'uint32_t', [
  ...[minor, inOut, 'void *', koffi.pointer(buffer), 'void *', out, 'void *', filled, 'void *', 'void *', 'void *'],
])
const displayName = library.func('gss_display_name', 'uint32_t', [minor, 'void *', filled, 'void *'])

for await (const line of createInterface({ input: process.stdin })) {
  const token = Buffer.from(line, 'base64')
  const name = [null]
  const answer = [{ length: 0, value: null }]
  const major = accept(
    [0],
    [null],
    null,
    { length: token.length, value: token },
    null,
    name,
    null,
    answer,
    null,
    null,
    null,
  )
  if (major >>> 16 !== 0) {
    process.stdout.write(`refused ${major.toString(16)}\n`)
    continue
  }
  const shown = [{ length: 0, value: null }]
  displayName([0], name[0], shown, null)
  process.stdout.write(`${Buffer.from(koffi.decode(shown[0]!.value, 'uint8_t', shown[0]!.length)).toString()}\n`)
}
