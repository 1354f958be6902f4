import { direct } from './peers/direct.ts'
import { haproxy } from './peers/haproxy.ts'
import type { Peer } from './peers/peer.ts'
import { splice } from './peers/splice.ts'
import { ssh } from './peers/ssh.ts'
import { stunnel } from './peers/stunnel.ts'
import { landbridge } from './subjects/landbridge.ts'

/** Everything that can be measured, in the order of the tables. */
export const candidates: readonly Peer[] = [direct, landbridge, haproxy, stunnel, ssh, splice]
