import { startNodeScript } from '../host/node-script.ts'
import { type Peer, plainEntry } from './peer.ts'

/** What plain Node can relay without any of our logic: the ceiling of the runtime, not a product. */
export const splice: Peer = {
  name: 'splice',
  description: 'prototype ceiling: two Node processes relaying bytes, one mutual TLS connection per client connection',
  available: () => undefined,
  async start({ backend, certificates }) {
    const { ca } = certificates
    const far = await startNodeScript('splice.ts', [
      'far',
      JSON.stringify({ ...certificates.server, ca, targets: [backend.webPort, backend.uploadPort] }),
    ])
    const near = await startNodeScript('splice.ts', [
      'near',
      JSON.stringify({ ...certificates.client, ca, targets: far.ready.ports }),
    ])
    const [web, upload] = near.ready.ports as [number, number]
    return {
      web: plainEntry(web),
      upload: plainEntry(upload),
      pids: { cloud: near.pid, connector: far.pid },
      async stop() {
        await near.stop()
        await far.stop()
      },
    }
  },
}
