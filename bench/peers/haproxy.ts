import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../host/children.ts'
import { findExecutable } from '../host/executables.ts'
import { freePort, untilListening } from '../host/ports.ts'
import { type Peer, plainEntry } from './peer.ts'

/** Two HAProxy processes with HTTP/2 over mutual TLS between them; nothing is authorised per request. */
export const haproxy: Peer = {
  name: 'haproxy',
  description: 'HAProxy pair, HTTP/2 over mutual TLS between the two, no authorisation',
  packageName: 'haproxy',
  available: () => (findExecutable('haproxy') === undefined ? 'haproxy is not installed' : undefined),
  async start({ backend, certificates, folder }) {
    const command = findExecutable('haproxy') ?? 'haproxy'
    const [nearWeb, nearUpload, farWeb, farUpload] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const tlsServer = `ssl crt ${certificates.server.both} ca-file ${certificates.ca} verify required alpn h2`
    const tlsClient = `ssl crt ${certificates.client.both} ca-file ${certificates.ca} verify required verifyhost localhost alpn h2`
    const farFile = join(folder, 'far.cfg')
    const nearFile = join(folder, 'near.cfg')
    writeFileSync(
      farFile,
      [
        common,
        listen('web', `127.0.0.1:${farWeb} ${tlsServer}`, `127.0.0.1:${backend.webPort}`),
        listen('upload', `127.0.0.1:${farUpload} ${tlsServer}`, `127.0.0.1:${backend.uploadPort}`),
      ].join('\n'),
    )
    writeFileSync(
      nearFile,
      [
        common,
        listen('web', `127.0.0.1:${nearWeb}`, `127.0.0.1:${farWeb} ${tlsClient}`),
        listen('upload', `127.0.0.1:${nearUpload}`, `127.0.0.1:${farUpload} ${tlsClient}`),
      ].join('\n'),
    )
    const far = startChild(command, ['-db', '-f', farFile])
    const near = startChild(command, ['-db', '-f', nearFile])
    await untilListening(farUpload, far.lastWords)
    await untilListening(nearUpload, near.lastWords)
    return {
      web: plainEntry(nearWeb),
      upload: plainEntry(nearUpload),
      pids: { cloud: near.pid, connector: far.pid },
      async stop() {
        await near.stop()
        await far.stop()
      },
    }
  },
}

/** Windows and buffers are raised from their defaults: they favour HAProxy in the bulk figures. */
const common = `global
  maxconn 4000
  tune.h2.initial-window-size 1048576
  tune.h2.max-concurrent-streams 1000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
`

function listen(name: string, bind: string, server: string): string {
  return `listen ${name}\n  bind ${bind}\n  server s ${server}\n`
}
