import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../host/children.ts'
import { findExecutable } from '../host/executables.ts'
import { freePort, untilListening } from '../host/ports.ts'
import { type Peer, plainEntry } from './peer.ts'

/** Two stunnel processes: every client connection is a mutual TLS connection of its own between them. */
export const stunnel: Peer = {
  name: 'stunnel',
  description: 'stunnel pair, one mutual TLS connection per client connection, no authorisation',
  packageName: 'stunnel4',
  available: () => (findExecutable('stunnel', 'stunnel4') === undefined ? 'stunnel is not installed' : undefined),
  async start({ backend, certificates, folder }) {
    const command = findExecutable('stunnel', 'stunnel4') ?? 'stunnel'
    const [nearWeb, nearUpload, farWeb, farUpload] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const farFile = join(folder, 'far.conf')
    const nearFile = join(folder, 'near.conf')
    const farTls = `cert = ${certificates.server.cert}\nkey = ${certificates.server.key}\n`
    const nearTls = `client = yes\ncert = ${certificates.client.cert}\nkey = ${certificates.client.key}\n`
    const trust = `CAfile = ${certificates.ca}\nverifyChain = yes\n`
    writeFileSync(
      farFile,
      `${common}${farTls}${trust}${service('web', farWeb, backend.webPort)}${service('upload', farUpload, backend.uploadPort)}`,
    )
    writeFileSync(
      nearFile,
      `${common}${nearTls}${trust}${service('web', nearWeb, farWeb)}${service('upload', nearUpload, farUpload)}`,
    )
    const far = startChild(command, [farFile])
    await untilListening(farUpload, far.lastWords)
    const near = startChild(command, [nearFile])
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

const common = `foreground = yes
debug = err
pid =
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
`

function service(name: string, acceptPort: number, connectPort: number): string {
  return `[${name}]\naccept = 127.0.0.1:${acceptPort}\nconnect = 127.0.0.1:${connectPort}\n`
}
