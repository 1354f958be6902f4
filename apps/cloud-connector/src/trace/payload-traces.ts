import { join } from 'node:path'
import { type ConfigurationStore, type ConnectorRuntime, type Subaccount, subaccountKey } from '@landbridge/connector'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { AuditTrail } from '../audit-trail.ts'
import { RotatingFile } from './rotating-file.ts'
import { requireTracePermission } from './trace-permission.ts'

export interface PayloadTracesOptions {
  readonly store: ConfigurationStore
  readonly trail: AuditTrail
  readonly runtime: ConnectorRuntime
  /** Absent: nothing can be traced. */
  readonly logDirectory: string | undefined
  readonly configDirectory: string | undefined
  readonly clock: Clock
  readonly log: Log
}

interface ActiveTrace {
  readonly subaccount: Subaccount
  readonly file: RotatingFile
  readonly endsAtMs: number
  readonly cancelEnd: () => void
}

const maxBytes = 10 * 1024 * 1024
const keep = 4

/** `traffic_trace_<subaccount>_on_<region host>` without its extension (guide L30183); never a way to another folder. */
export function traceName({ subaccountId, regionHost }: Pick<Subaccount, 'subaccountId' | 'regionHost'>): string {
  const safe = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)
  return `traffic_trace_${safe(subaccountId)}_on_${safe(regionHost)}`
}

/**
 * The payload traces that are on. They are no part of the configuration: one that somebody forgot ends after its time,
 * and with the process.
 */
export class PayloadTraces {
  readonly #options: PayloadTracesOptions
  readonly #active: Map<string, ActiveTrace>
  readonly #stopWatching: () => void

  constructor(options: PayloadTracesOptions) {
    this.#options = options
    this.#active = new Map()
    this.#stopWatching = options.store.onChange(({ settings, subaccounts }) => {
      for (const [key, { subaccount }] of this.#active)
        if (settings.haRole === 'shadow' || !subaccounts.has(key)) void this.stop('system', subaccount)
    })
  }

  /** When the trace of a subaccount ends, in milliseconds since 1970; undefined when it is off. */
  endOf(subaccount: Subaccount): number | undefined {
    return this.#active.get(keyOf(subaccount))?.endsAtMs
  }

  /**
   * Switches on, or sets another end.
   * @throws PlatformError CONNECTOR_TRACE_FORBIDDEN, CONNECTOR_TRACE_UNAVAILABLE, STORE_*: nothing is traced then
   */
  async start(actor: string, subaccount: Subaccount, minutes: number): Promise<void> {
    const { runtime, logDirectory, configDirectory, clock, log } = this.#options
    if (logDirectory === undefined) throw new PlatformError('CONNECTOR_TRACE_UNAVAILABLE')
    if (configDirectory !== undefined) requireTracePermission(configDirectory)
    await this.#record(actor, subaccount, { enabled: true, minutes })
    const path = join(logDirectory, `${traceName(subaccount)}.trc`)
    const key = keyOf(subaccount)
    const former = this.#active.get(key)
    former?.cancelEnd()
    const file =
      former?.file ??
      new RotatingFile({
        path,
        maxBytes,
        keep,
        failed: (failure) => log.error('payload-trace.failed', { path }, failure),
        recovered: (lost) => log.warn('payload-trace.resumed', { path, lost }),
      })
    const cancelEnd = clock.after(minutes * 60_000, () => void this.stop('system', subaccount))
    this.#active.set(key, { subaccount, file, endsAtMs: clock.now() + minutes * 60_000, cancelEnd })
    if (former === undefined) runtime.trace(subaccount.subaccountId, subaccount.regionHost, file)
    log.warn('payload-trace.on', { path, minutes, user: actor })
  }

  /** Switches off; harmless when it is. That it is off counts more than that the trail can say so. */
  async stop(actor: string, subaccount: Subaccount): Promise<void> {
    if (!this.#end(subaccount)) return
    this.#options.log.info('payload-trace.off', { subaccount: subaccount.subaccountId, user: actor })
    await this.#record(actor, subaccount, { enabled: false }).catch((failure: unknown) => {
      this.#options.log.error('audit.failed', { category: 'PayloadTrace' }, failure)
    })
  }

  close(): void {
    this.#stopWatching()
    for (const { subaccount } of [...this.#active.values()]) this.#end(subaccount)
  }

  #end(subaccount: Subaccount): boolean {
    const key = keyOf(subaccount)
    const active = this.#active.get(key)
    if (active === undefined) return false
    this.#active.delete(key)
    active.cancelEnd()
    this.#options.runtime.trace(subaccount.subaccountId, subaccount.regionHost, null)
    active.file.close()
    return true
  }

  #record(actor: string, subaccount: Subaccount, details: Readonly<Record<string, number | boolean>>): Promise<void> {
    const object = `${subaccount.subaccountId}@${subaccount.regionHost}`
    return this.#options.trail.record(actor, [
      { category: 'PayloadTrace', action: 'update', object, subaccount: object, details },
    ])
  }
}

function keyOf({ regionHost, subaccountId }: Subaccount): string {
  return subaccountKey(regionHost, subaccountId)
}
