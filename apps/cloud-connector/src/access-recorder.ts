import type { AccessRecord, AuditEvent } from '@landbridge/connector'
import type { Clock, Log } from '@landbridge/kernel'
import type { AuditTrail } from './audit-trail.ts'

const flushMs = 1_000
const maxPending = 200

interface Pending {
  readonly access: AccessRecord
  count: number
}

/**
 * Writes requests to the audit trail, equal ones once with their number, and per second at most 200 different ones that
 * were refused and as many that were let through: whoever scans addresses must not fill the disk at line speed, and
 * whoever may call a lot must not hide what was refused.
 */
export class AccessRecorder {
  readonly #trail: Pick<AuditTrail, 'record'>
  readonly #log: Log
  readonly #stop: () => void
  readonly #denied: Map<string, Pending>
  readonly #allowed: Map<string, Pending>
  #suppressed: number

  constructor(trail: Pick<AuditTrail, 'record'>, clock: Clock, log: Log) {
    this.#trail = trail
    this.#log = log
    this.#denied = new Map()
    this.#allowed = new Map()
    this.#suppressed = 0
    this.#stop = clock.every(flushMs, () => void this.flush())
  }

  record(access: AccessRecord): void {
    const key = `${access.subaccountId} ${access.virtualHost}:${access.virtualPort} ${access.reason} ${access.path} ${access.resource ?? ''} ${access.message ?? ''}`
    const pending = access.reason === '' ? this.#allowed : this.#denied
    const known = pending.get(key)
    if (known !== undefined) known.count += 1
    else if (pending.size < maxPending) pending.set(key, { access, count: 1 })
    else this.#suppressed += 1
  }

  /** Writes what is pending; a failure is logged, because nobody waits for it. */
  async flush(): Promise<void> {
    const pending = [...this.#denied.values(), ...this.#allowed.values()]
    if (pending.length === 0) return
    const events = pending.map(({ access, count }) => toEvent(access, count))
    const suppressed = this.#suppressed
    this.#denied.clear()
    this.#allowed.clear()
    this.#suppressed = 0
    if (suppressed > 0) this.#log.warn('audit.requests.suppressed', { count: suppressed })
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
