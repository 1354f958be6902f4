import type { Peer } from '../peers/peer.ts'

/** Our own data plane: cloud process and agent process, token and access control checked per request. */
export const landbridge: Peer = {
  name: 'landbridge',
  description: 'Landbridge, cloud proxy and connector, token and access control checked on every request',
  available: () => 'its entry scripts are not there yet',
  start: async () => {
    throw new Error('its entry scripts are not there yet')
  },
}
