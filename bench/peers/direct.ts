import { type Peer, plainEntry } from './peer.ts'

/** No proxy at all: what the backend and the load generator can do together on this machine. */
export const direct: Peer = {
  name: 'direct',
  description: 'the backend itself, without any proxy: the ceiling',
  available: () => undefined,
  start: async ({ backend }) => ({
    web: plainEntry(backend.webPort),
    upload: plainEntry(backend.uploadPort),
    pids: {},
    stop: async () => {},
  }),
}
