import { PlatformError, type Secret } from '@landbridge/kernel'
import type { HaPeer } from '../configuration/high-availability-settings.ts'
import { askPeer, type PeerAnswer } from './ask-peer.ts'
import { identityOf, type PairOptions, stateRefusal } from './pair-options.ts'
import { replicationProtocol } from './replica.ts'
import { refusalText, shadowSettings, shadowStatus } from './shadow-status.ts'

export interface FirstConnection {
  /** A user of the master; absent when the certificate of this instance is known there. */
  readonly credentials: { readonly user: string; readonly password: Secret } | undefined
  /** SHA-256 of the only certificate to talk to; absent: whoever answers. */
  readonly fingerprint: string | undefined
  readonly signal: AbortSignal
}

/**
 * Registers this instance as the shadow of the configured master, and exchanges certificates with it.
 * @throws PlatformError REQUEST_INVALID, CONNECTOR_HA_STATE, CONNECTOR_PEER_UNREACHABLE
 */
export async function registerAt(options: PairOptions, connection: FirstConnection): Promise<HaPeer> {
  const { store, clock } = options
  const { credentials, fingerprint, signal } = connection
  const settings = shadowSettings(options)
  const { masterHost: host, checkIntervalInSeconds, takeoverDelayInSeconds } = settings
  const port = Number(settings.masterPort)
  const identity = identityOf(store.current)
  const answer = await askPeer({
    host,
    port,
    operation: 'register',
    body: { ...shadowStatus(options), protocol: replicationProtocol, certificate: leafOf(identity.cert) },
    identity,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(credentials === undefined ? {} : { credentials }),
    connectTimeoutMs: settings.connectTimeoutInMillis,
    answerTimeoutMs: settings.requestTimeoutInMillis,
    clock,
    signal,
  })
  const { certificate, version } = accepted(answer, host, port, credentials !== undefined)
  return {
    certificate,
    host,
    port,
    checkIntervalMs: checkIntervalInSeconds * 1_000,
    takeoverDelayMs: takeoverDelayInSeconds * 1_000,
    isJoined: true,
    ...(version === undefined ? {} : { version }),
  }
}

function accepted(
  answer: PeerAnswer,
  host: string,
  port: number,
  hasCredentials: boolean,
): { certificate: string; version: string | undefined } {
  if (answer.kind !== 'answer')
    throw answer.kind === 'unreachable'
      ? new PlatformError('CONNECTOR_PEER_UNREACHABLE', { host, port, reason: answer.reason })
      : invalid('user', `${answer.reason}: user and password are required`)
  const { status, body, certificate } = answer
  if (status === 200)
    return { certificate, version: typeof body.version === 'string' ? body.version.slice(0, 100) : undefined }
  const reason =
    status === 401 && hasCredentials ? 'the master does not accept user and password' : refusalText(status, body)
  throw status === 409 ? stateRefusal('HANDSHAKE', reason) : invalid('user', reason)
}

function leafOf(chain: string): string {
  const end = '-----END CERTIFICATE-----'
  return `${chain.slice(0, chain.indexOf(end))}${end}\n`
}

export function invalid(field: string, reason: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason })
}
