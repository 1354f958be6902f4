import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapping, startHttpBackend } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { httpSetup, requestBytes } from './http-setup.ts'

const body = fc.oneof(
  fc.constant(null),
  fc.record({ text: fc.string({ unit: 'binary-ascii', maxLength: 300 }), chunk: fc.integer({ min: 0, max: 50 }) }),
)

/** A body with its framing lines: by length, or in chunks of the given size. */
function framed(content: { text: string; chunk: number } | null): { lines: string[]; bytes: string } {
  if (content === null) return { lines: [], bytes: '' }
  const { text, chunk } = content
  if (chunk === 0) return { lines: [`Content-Length: ${text.length}`], bytes: text }
  let bytes = ''
  for (let at = 0; at < text.length; at += chunk) {
    const piece = text.slice(at, at + chunk)
    bytes += `${piece.length.toString(16)}\r\n${piece}\r\n`
  }
  return { lines: ['Transfer-Encoding: chunked'], bytes: `${bytes}0\r\n\r\n` }
}

test('however pipelined requests are cut into packets, each is answered in its turn and with its own body (CP-057)', async () => {
  const echo = await startHttpBackend((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => response.end(`${request.method} ${request.url} ${Buffer.concat(parts).toString('latin1')}`))
  })
  await using setup = await httpSetup({}, { mappings: [mapping('vhost', echo.port)] })
  setup.plane.defer(() => echo.close())
  const bodies = fc.array(body, { minLength: 1, maxLength: 5 })
  const cuts = fc.array(fc.nat(4000), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(bodies, cuts, async (contents, places) => {
      const client = await setup.plane.client()
      const requests = contents.map((content, index) => {
        const { lines, bytes } = framed(content)
        const method = content === null ? 'GET' : 'POST'
        return requestBytes(method, `http://vhost/${index}`, [setup.auth, ...lines], bytes)
      })
      const all = requests.join('')
      const stops = [...places.filter((place) => place < all.length), all.length].sort((a, b) => a - b)
      let at = 0
      for (const stop of stops) {
        client.send(all.slice(at, stop))
        at = stop
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (const [index, content] of contents.entries()) {
        const answer = await client.readAnswer()
        const expected = `${content === null ? 'GET' : 'POST'} /${index} ${content?.text ?? ''}`
        assert.equal(answer.body.toString(), expected)
      }
      assert.equal(client.waiting.length, 0)
      client.destroy()
    }),
    runs(60),
  )
})
