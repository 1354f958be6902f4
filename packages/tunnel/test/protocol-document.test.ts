// docs/protocol/tunnel.md is the contract: its examples and numbers are checked against the code.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Flag, FrameType, GoAwayReason, headerBytes, initialWindowBytes, maxFrameBytes } from '../src/frame.ts'
import {
  ControlChannel,
  type ControlMessage,
  maxPrefaceBytes,
  prefaceLength,
  ReceivedTokens,
  readDefinition,
  readPreface,
  StreamKind,
  tunnelAlpn,
} from '../src/index.ts'
import { PrefaceTag } from '../src/preface.ts'
import { tokenLimits } from '../src/token-definition.ts'
import { maxWindowBytes } from '../src/window-growth.ts'
import { Collector, observe, sessionPair, socketPair, until } from './session-pair.ts'
import { WireDecoder, WirePeer } from './wire-peer.ts'

const document = readFileSync(new URL('../../../docs/protocol/tunnel.md', import.meta.url), 'utf8')

function block(name: string): string {
  const found = new RegExp(`^\`\`\`\\w+ ${name}\\n(.*?)^\`\`\``, 'ms').exec(document)?.[1]
  assert.ok(found, `the document has a block ${name}`)
  return found
}

/** The hexadecimal pairs at the beginning of each line; what follows two spaces is a remark. */
function bytesOf(name: string): Buffer {
  const hex = block(name)
    .split('\n')
    .map((line) => line.split('  ')[0] ?? '')
    .join('')
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

const example = {
  kind: StreamKind.http,
  virtualHost: 'erp.corp',
  virtualPort: 443,
  userToken: '',
  technicalToken: '',
  traceId: '4bf92f',
  clientId: 'sb-app',
  receivedUser: null,
  receivedTechnical: null,
}

test('the preface in the document says what its text says', () => {
  const bytes = bytesOf('preface')
  assert.deepEqual(readPreface(bytes, 0, bytes.length), example)
})

test('the frame in the document is one complete request', async () => {
  const bytes = bytesOf('request')
  const [frame, ...more] = new WireDecoder().push(bytes)
  assert.ok(frame)
  assert.deepEqual([more.length, frame.flags, frame.id, frame.length], [0, Flag.syn | Flag.fin, 2, bytes.length - 12])
  // A session of the connector's role takes it as it stands.
  const { near, far } = await socketPair()
  const sink = new Collector()
  const { session } = observe(near, 'client', { accept: () => sink })
  const peer = new WirePeer(far)
  far.write(bytes)
  const received = await sink.ended
  const preface = bytesOf('preface')
  assert.deepEqual(readPreface(received, 0, preface.length), example)
  assert.equal(received.subarray(preface.length).toString(), 'GET / HTTP/1.1\r\nHost: erp.corp:443\r\n\r\n')
  session.destroy()
  await peer.over
})

test('the definition in the document is one complete frame, and the preface behind it has that user', () => {
  const bytes = bytesOf('definition')
  const [frame, ...more] = new WireDecoder().push(bytes)
  assert.ok(frame)
  assert.deepEqual([more.length, frame.flags, frame.id, frame.length], [0, Flag.syn | Flag.fin, 2, bytes.length - 12])
  const definition = readDefinition(bytes, 12, bytes.length)
  assert.deepEqual(definition, { number: 42, token: 'a.b.c' })
  const tokens = new ReceivedTokens()
  tokens.define({ number: 42, token: 'a.b.c' })
  const reference = bytesOf('reference')
  const preface = readPreface(reference, 0, prefaceLength(reference, 0, reference.length), tokens)
  assert.deepEqual([preface?.virtualHost, preface?.userToken, preface?.technicalToken], ['erp.corp', 'a.b.c', ''])
  assert.equal(readPreface(reference, 0, reference.length), null)
})

test('numbers in the document are the numbers in the code', () => {
  const says = (text: string) => assert.ok(document.includes(text), text)
  says(`| ALPN (RFC 7301) | \`${tunnelAlpn}\``)
  says(`a header of ${headerBytes} bytes`)
  const { data, windowUpdate, ping, goAway } = FrameType
  says(`${data} data, ${windowUpdate} window update, ${ping} ping, ${goAway} go-away`)
  says(`${Flag.syn} SYN, ${Flag.ack} ACK, ${Flag.fin} FIN, ${Flag.rst} RST`)
  says(`go-away with reason ${GoAwayReason.normal}`)
  says(`go-away with reason ${GoAwayReason.protocolError}`)
  says(`at most ${maxFrameBytes / 1024} KiB of payload`)
  says(`${initialWindowBytes / 1024} KiB per stream and direction; grows to at most ${maxWindowBytes / 1048576} MiB`)
  says(`a preface is at most ${maxPrefaceBytes.toLocaleString('en')} bytes`)
  const { http, tcp, rfc, ldap, channel, control, token, closed } = StreamKind
  says(
    `${http} http, ${tcp} tcp, ${rfc} rfc, ${ldap} ldap, ${channel} channel (service channel), ${control} control, ${token} token (section 3.1), ${closed} closed`,
  )
  says(`| ${PrefaceTag.userToken} | token of the business user`)
  says(`| ${PrefaceTag.technicalToken} | token of the technical user`)
  says(`| ${PrefaceTag.traceId} | trace ID`)
  says(`| ${PrefaceTag.clientId} | OAuth client`)
  says(`| ${PrefaceTag.clientConnection} | name of the client's connection`)
  says(`| ${PrefaceTag.userReference} | number of the token of the business user`)
  says(`| ${PrefaceTag.technicalReference} | number of the token of the technical user`)
  const { definitions, bytes, tokenBytes } = tokenLimits
  says(`| 7 | 1 to ${tokenBytes.toLocaleString('en')} | token`)
  says(`more than ${definitions.toLocaleString('en')}, or together more than`)
  says(`${bytes.toLocaleString('en')} bytes of tokens`)
})

test('every control message in the document passes a control channel as it is', async () => {
  const lines = [block('control-session'), block('tunnel-connection')].join('').trim().split('\n')
  const sent = lines.map((line) => JSON.parse(line) as ControlMessage)
  const received: ControlMessage[] = []
  await using pair = await sessionPair({
    server: {
      accept: (stream) => {
        const channel = ControlChannel.accept(stream)
        channel.onMessage = (message) => received.push(message)
        return channel
      },
    },
  })
  const channel = ControlChannel.open(pair.client)
  for (const message of sent) channel.send(message)
  await until(() => received.length === sent.length)
  assert.deepEqual(received, sent)
  assert.deepEqual(
    sent.map((message) => JSON.stringify(message)),
    lines,
  )
})
