import type { AccessRecord, AuditEvent } from '@landbridge/connector'
import type { Clock, Log } from '@landbridge/kernel'
import type { AuditTrail } from './audit-trail.ts'

const flushMs = 1_000
const maxPending = 200

/**
 * Writes requests to the audit trail, at most 200 different ones per second and equal ones once with their number: somebody who scans addresses must not be able to fill the disk at line speed.
 */
export class AccessRecorder {
  readonly #trail: AuditTrail
  readonly #log: Log
  readonly #stop: () => void
  readonly #pending: Map<string, { access: AccessRecord; count: number }>
  #suppressed: number

  constructor(trail: AuditTrail, clock: Clock, log: Log) {
    this.#trail = trail
    this.#log = log
    this.#pending = new Map()
    this.#suppressed = 0
    this.#stop = clock.every(flushMs, () => void this.flush())
  }

  record(access: AccessRecord): void {
    const key = `${access.subaccountId} ${access.virtualHost}:${access.virtualPort} ${access.reason} ${access.path} ${access.resource ?? ''} ${access.message ?? ''}`
    const known = this.#pending.get(key)
    if (known !== undefined) known.count += 1
    else if (this.#pending.size < maxPending) this.#pending.set(key, { access, count: 1 })
    else this.#suppressed += 1
  }

  /** Writes what is pending; a failure is logged, because nobody waits for it. */
  async flush(): Promise<void> {
    if (this.#pending.size === 0) return
    const events = Array.from(this.#pending.values(), ({ access, count }) => toEvent(access, count))
    const suppressed = this.#suppressed
    this.#pending.clear()
    this.#suppressed = 0
    if (suppressed > 0) this.#log.warn('audit.denials.suppressed', { count: suppressed })
    try {
      await this.#trail.record('tunnel', events)
    } catch (failure) {
      this.#log.error('audit.failed', { entries: events.length }, failure)
    }
  }

  async close(): Promise<void> {
    this.#stop()
    await this.flush()
  }
}

function toEvent(
  { subaccountId, virtualHost, virtualPort, path, reason, resource, message }: AccessRecord,
  count: number,
): AuditEvent {
  return {
    ...(reason === '' ? { category: 'Allowed', action: 'allow' } : { category: 'Denied', action: 'deny' }),
    object: `${virtualHost}:${virtualPort}${path.slice(0, 1_000)}`,
    subaccount: subaccountId,
    details: {
      ...(reason === '' ? {} : { reason }),
      count,
      ...(resource === undefined ? {} : { resource }),
      ...(message === undefined ? {} : { message }),
    },
  }
}
