import fc from '@landbridge/testkit/properties'

/** Bytes that parsers disagree about. */
const hostile = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '=',
  '"',
  '\\',
  '\0',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  '1',
  'f',
  '%',
  '#',
  '/',
  '@',
  '\r\n\r\n',
  '\r\n ',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
]

const token = fc.stringMatching(/^[A-Za-z0-9!#$&'*+.^_`|~-]{1,12}$/)
const fieldValue = fc.stringMatching(/^[!-~\x80-\xff]([ -~\t\x80-\xff]{0,20}[!-~\x80-\xff])?$|^$/)
const space = fc.constantFrom('', ' ', ' ', ' ', '  ', '\t', ' \t ')

const reserved = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'trailer'])
const field = fc
  .tuple(token, space, fieldValue, space)
  .filter(([name]) => !reserved.has(name.toLowerCase()))
  .map(([name, before, value, after]) => `${name}:${before}${value}${after}`)

const connection = fc.constantFrom(
  'Connection: keep-alive',
  'connection: close',
  'Connection: X-A, te',
  'Keep-Alive: 5',
)

const target = fc.oneof(
  fc.constantFrom(
    '/',
    '/a?b=c',
    'http://erp.virtual:1234/x',
    'http://erp',
    'HTTP://[::1]:80/?q',
    '//a//b',
    '/%00',
    '/a|b"c',
  ),
  fc.stringMatching(/^\/[!-"$-~]{0,20}$/),
)

const chunkWord = fc.stringMatching(/^[A-Za-z0-9!$.-]{1,8}$/)
const extension = fc.oneof(
  fc.constant(''),
  chunkWord.map((name) => `;${name}`),
  fc.tuple(chunkWord, chunkWord).map(([name, value]) => `;${name}=${value}`),
  fc
    .tuple(chunkWord, fc.constantFrom('', 'a b', '\\"', '\\\\', ';=,', '\xe9\t'))
    .map(([name, text]) => `;${name}="${text}"`),
)
const content = fc.oneof(
  fc.stringMatching(/^[a-z]{1,20}$/),
  fc.constantFrom('\r\n', '0\r\n\r\n', '\0\xff', 'GET / HTTP/1.1\r\n\r\n'),
)
const hex = (length: number, style: number): string => {
  const digits = length.toString(16)
  return style === 0 ? digits : style === 1 ? digits.toUpperCase() : `00${digits}`
}
const chunk = fc
  .tuple(content, extension, fc.nat(2))
  .map(([text, suffix, style]) => `${hex(text.length, style)}${suffix}\r\n${text}\r\n`)
const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), extension, fc.array(field, { maxLength: 2 }))
  .map(
    ([chunks, suffix, trailers]) =>
      `${chunks.join('')}0${suffix}\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`,
  )

/** Framing lines and the body that belongs to them. */
const framing = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ line: [] as string[], body: '' }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(content, space, space)
      .map(([body, before, after]) => ({ line: [`Content-Length:${before}${body.length}${after}`], body })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(chunkedBody, space, space)
      .map(([body, before, after]) => ({ line: [`Transfer-Encoding:${before}chunked${after}`], body })),
  },
)

/** A valid request, nearly always. */
const request = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
    target,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    host: fc.constantFrom('Host: erp.virtual:1234', 'host:h', 'HOST: [::1] '),
    fields: fc.array(fc.oneof({ weight: 3, arbitrary: field }, { weight: 1, arbitrary: connection }), { maxLength: 5 }),
    framing,
  })
  .map(({ method, target, version, host, fields, framing }) => {
    const lines = [`${method} ${target} HTTP/${version}`, host, ...fields, ...framing.line]
    return `${lines.join('\r\n')}\r\n\r\n${framing.body}`
  })

const response = fc
  .record({
    status: fc.constantFrom(
      '200 OK',
      '404 Not Found',
      '204 No Content',
      '304 Not Modified',
      '500',
      '201 ',
      '200 \xe9\t!',
    ),
    version: fc.constantFrom('1.1', '1.1', '1.0'),
    fields: fc.array(fc.oneof({ weight: 3, arbitrary: field }, { weight: 1, arbitrary: connection }), { maxLength: 5 }),
    framing,
  })
  .map(({ status, version, fields, framing }) => {
    const lines = [`HTTP/${version} ${status}`, ...fields, ...framing.line]
    return `${lines.join('\r\n')}\r\n\r\n${framing.body}`
  })

const mutation = fc.record({
  at: fc.nat(1000),
  remove: fc.constantFrom(0, 0, 1, 1, 2),
  insert: fc.oneof(fc.constant(''), fc.constantFrom(...hostile)),
})

/** Changes a few places, biased towards the places where heads and chunks are decided: around line ends. */
function mutate(text: string, mutations: readonly { at: number; remove: number; insert: string }[]): Buffer {
  let changed = text
  for (const { at, remove, insert } of mutations) {
    const lineEnd = changed.indexOf('\r\n', at % (changed.length + 1))
    const place = at % 3 === 0 && lineEnd >= 0 ? lineEnd + (at % 4) - 1 : at % (changed.length + 1)
    const from = Math.max(0, place)
    changed = changed.slice(0, from) + insert + changed.slice(from + remove)
  }
  return Buffer.from(changed, 'latin1')
}

/** One to three pipelined requests, most of them damaged in up to three places. */
export const requestBytes = fc
  .tuple(fc.array(request, { minLength: 1, maxLength: 3 }), fc.array(mutation, { maxLength: 3 }))
  .map(([requests, mutations]) => mutate(requests.join(''), mutations))

/** One response, mostly damaged, and sometimes the start of something behind it. */
export const responseBytes = fc
  .tuple(response, fc.array(mutation, { maxLength: 3 }))
  .map(([text, mutations]) => mutate(text, mutations))

/** Anything: from noise to a request. */
export const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom(...hostile, 'GET / HTTP/1.1\r\n', 'Host: h\r\n', 'a'), { maxLength: 60 })
    .map((parts) => Buffer.from(parts.join(''), 'latin1')),
  requestBytes,
  responseBytes,
)
