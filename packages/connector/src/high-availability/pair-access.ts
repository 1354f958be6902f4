import type { HaPeer } from '../configuration/high-availability-settings.ts'
import type { ConnectorSettings } from '../configuration/model.ts'
import type { AuditEvent } from '../configuration/store-port.ts'
import { askPeer, type PeerAnswer } from './ask-peer.ts'
import { identityOf, type PairOptions } from './pair-options.ts'
import { fingerprintOf } from './peer-proof.ts'
import { shadowSettings } from './shadow-status.ts'

/** How both jobs of a pair read and change what is stored about it, and ask the other instance, until this one ends. */
export class PairAccess {
  readonly options: PairOptions
  readonly #closed: AbortController

  constructor(options: PairOptions) {
    this.options = options
    this.#closed = new AbortController()
  }

  /** Aborted when this instance ends. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  get settings(): ConnectorSettings {
    return this.options.store.current.settings
  }

  close(): void {
    this.#closed.abort()
  }

  ask({ host, port, certificate }: HaPeer, operation: 'status' | 'leave', body: object): Promise<PeerAnswer> {
    const { store, clock } = this.options
    const { connectTimeoutInMillis, requestTimeoutInMillis } = shadowSettings(this.options)
    return askPeer({
      host,
      port,
      operation,
      body,
      identity: identityOf(store.current),
      fingerprint: fingerprintOf(certificate) ?? '',
      connectTimeoutMs: connectTimeoutInMillis,
      answerTimeoutMs: requestTimeoutInMillis,
      clock,
      signal: this.closed,
    })
  }

  change(
    actor: string,
    object: string,
    edit: (settings: ConnectorSettings) => ConnectorSettings,
    details: NonNullable<AuditEvent['details']> = {},
  ): Promise<void> {
    return this.options.store.change(actor, (current) => ({
      next: { ...current, settings: edit(current.settings) },
      audit: { category: 'Configuration', action: 'update', object, details },
      result: undefined,
    }))
  }
}
