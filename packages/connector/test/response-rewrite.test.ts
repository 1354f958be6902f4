import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAccess, type SystemMapping } from '@landbridge/access'
import { parseResponseHead, ResponseHead, responseLimits } from '@landbridge/http1'
import fc from '@landbridge/testkit/properties'
import { type Names, rewriteResponseHead, virtualCookie, virtualLocation } from '../src/http/response-rewrite.ts'

function mapping(virtualHost: string, internalHost: string, internalPort: string, virtualPort = '80'): SystemMapping {
  return {
    virtualHost,
    virtualPort,
    internalHost,
    internalPort,
    protocol: 'HTTP',
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources: [],
  }
}

const access = compileAccess([
  mapping('shop', 'shop.corp', '8001'),
  mapping('second', 'SHOP.corp', '8001', '81'),
  mapping('plain', 'std.corp', '80', '1080'),
  mapping('secure', 'std.corp', '443', '1443'),
  mapping('six', '2001:db8::1', '8006'),
])
const names: Names = {
  access,
  domainMappings: [
    { virtualDomain: 'sales.cloud', internalDomain: 'Intranet.corp' },
    { virtualDomain: 'later.cloud', internalDomain: 'intranet.corp' },
  ],
}

/** The head as the cloud sees it. */
function rewritten(text: string, scheme: 'http' | 'https' = 'http'): string {
  const source = Buffer.from(`..${text}`, 'latin1')
  const head = new ResponseHead()
  assert.equal(parseResponseHead(source, 2, source.length, head, responseLimits), source.length)
  const target = Buffer.alloc(2 * source.length + 1024)
  const end = rewriteResponseHead(source, 2, head, names, scheme, target)
  return target.toString('latin1', 0, end)
}

test('a Location is rewritten by the first mapping that leads to its host and port, its scheme giving the port (SCC-219, SCC-220)', () => {
  const cases = [
    ['http://shop.corp:8001/a?b#c', 'http://shop:80/a?b#c'],
    ['HTTPS://SHOP.CORP:8001', 'http://shop:80'],
    ['http://std.corp/', 'http://plain:1080/'],
    ['https://std.corp/', 'http://secure:1443/'],
    ['https://std.corp:80/', 'http://plain:1080/'],
    ['http://[2001:DB8::1]:8006/', 'http://six:80/'],
    ['//shop.corp:8001?x', 'http://shop:80?x'],
    ['http://shop.corp:08001/', 'http://shop:80/'],
  ] as const
  for (const [location, expected] of cases) assert.equal(virtualLocation(location, access, 'http'), expected)
  assert.equal(virtualLocation('//std.corp/', access, 'http'), 'http://plain:1080/')
  assert.equal(virtualLocation('//std.corp/', access, 'https'), 'http://secure:1443/')
})

test('a Location that names no internal address in so many words is left as it is (SCC-220)', () => {
  const values = [
    '',
    '/',
    '?q',
    'http:shop.corp:8001',
    'http:///shop.corp:8001/',
    'http://shop.corp/',
    'http://shop.corp:8002/',
    'http://a@shop.corp:8001/',
    'http://shop.corp:8001@evil/',
    'http://shop.corp:8001.evil/',
    'http://shop.corp.:8001/',
    'http://shop.corp:/',
    'http://[shop.corp]:8001/',
    'http://2001:db8::1:8006/',
    'ws://shop.corp:8001/',
    ' http://shop.corp:8001/',
  ]
  for (const value of values) assert.equal(virtualLocation(value, access, 'http'), value)
})

test('any Location is left as it is or leads to a virtual address, with everything behind the authority kept', () => {
  const authority = fc.constantFrom('shop.corp:8001', 'std.corp', 'evil.test', 'x@std.corp', '[2001:db8::1]:8006', '')
  const scheme = fc.constantFrom('http://', 'https://', '//', '/', 'ftp://', '')
  fc.assert(
    fc.property(scheme, authority, fc.constantFrom('', '/', '?', '#'), fc.string(), (start, host, mark, rest) => {
      const tail = mark === '' ? '' : mark + rest
      const location = start + host + tail
      const result = virtualLocation(location, access, 'http')
      assert.ok(result === location || result.endsWith(tail))
      if (result !== location) assert.match(result, /^http:\/\/(?:shop|plain|secure|six):\d+/)
    }),
  )
})

test('the domain of a cookie is rewritten by a domain mapping first, then by the host of a mapping (SCC-221)', () => {
  const cases = [
    ['a=1; Domain=intranet.corp', 'a=1; Domain=sales.cloud'],
    ['a=1; domain=.INTRANET.CORP; Path=/', 'a=1; domain=.sales.cloud; Path=/'],
    ['a=1;Domain = shop.corp ;Secure', 'a=1;Domain = shop ;Secure'],
    ['a=1; Domain=www.intranet.corp', 'a=1; Domain=www.intranet.corp'],
    ['a=domain=intranet.corp', 'a=domain=intranet.corp'],
    ['a=1; MyDomain=intranet.corp', 'a=1; MyDomain=intranet.corp'],
    ['a=1; Domain', 'a=1; Domain'],
    ['a=1; Domain=..intranet.corp', 'a=1; Domain=..intranet.corp'],
  ] as const
  for (const [cookie, expected] of cases) assert.equal(virtualCookie(cookie, names), expected)
})

test('virtual domains with characters of replacement patterns come out as they are', () => {
  const odd: Names = { access, domainMappings: [{ virtualDomain: '$&$1', internalDomain: 'i' }] }
  assert.equal(virtualCookie('a=1; Domain=i', odd), 'a=1; Domain=$&$1')
})

test('hop-by-hop headers end here, all others and the framing keep their bytes and order', () => {
  assert.equal(
    rewritten(
      'HTTP/1.0 200  Fine \r\nDate:now\r\nConnection: close, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n' +
        'Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nx-odd:  two  \r\nContent-Length: 3\r\nLocation: http://shop.corp:8001/\r\n\r\n',
    ),
    'HTTP/1.1 200  Fine \r\nDate:now\r\nx-odd:  two  \r\nContent-Length: 3\r\nLocation: http://shop.corp:8001/\r\n\r\n',
  )
  assert.equal(rewritten('HTTP/1.1 404\r\n\r\n'), 'HTTP/1.1 404\r\n\r\n')
  const coding = 'HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n'
  assert.equal(rewritten(coding), coding)
})

test('a redirect has one Location, and every cookie its own line, in the order of the backend', () => {
  assert.equal(
    rewritten(
      'HTTP/1.1 302 Found\r\nset-cookie: a=1; domain=shop.corp\r\nlocation:http://shop.corp:8001/\r\nX-A: 1\r\n' +
        'Location: http://evil/\r\nSet-Cookie: b=2\r\n\r\n',
    ),
    'HTTP/1.1 302 Found\r\nX-A: 1\r\nLocation: http://shop:80/\r\nSet-Cookie: a=1; domain=shop\r\nSet-Cookie: b=2\r\n\r\n',
  )
})

test('a switch of protocols keeps what it switches to', () => {
  assert.equal(
    rewritten('HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'),
    'HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n',
  )
})
