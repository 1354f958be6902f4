import { AggregatorRegistry, Counter, Registry } from 'prom-client'
import type { MetricsSnapshot } from './proxy-metrics.ts'

/**
 * The metrics of several workers as those of one proxy: counters and histograms are sums, gauges keep their values with
 * a label `worker`. What a worker has counted stays in the sums when it is gone: a counter that falls would count as one
 * that started over, and everything it holds as new.
 */
export class MergedMetrics {
  readonly #latest: Map<number, MetricsSnapshot>
  readonly #own: Registry
  readonly #restarts: Counter<'worker'>
  /** What workers had counted that are gone; folded into one at the next scrape. */
  readonly #gone: MetricsSnapshot[]

  constructor() {
    this.#latest = new Map()
    this.#gone = []
    this.#own = new Registry()
    this.#restarts = new Counter({
      name: 'landbridge_proxy_worker_restarts_total',
      help: 'How often a worker was started again after it had ended.',
      labelNames: ['worker'],
      registers: [this.#own],
    })
  }

  get contentType(): string {
    return this.#own.contentType
  }

  /** @param snapshot what a worker tells at this moment; undefined when it does not answer: its sums stand, its gauges go */
  update(worker: number, snapshot: MetricsSnapshot | undefined): void {
    const known = snapshot ?? this.#latest.get(worker)?.filter(isSum)
    if (known !== undefined) this.#latest.set(worker, known)
  }

  /** The process of a worker has ended. What it counted since the last scrape is lost. */
  ended(worker: number): void {
    const sums = (this.#latest.get(worker) ?? []).filter(isSum)
    this.#latest.delete(worker)
    if (sums.length > 0) this.#gone.push(sums)
  }

  restarted(worker: number): void {
    this.#restarts.inc({ worker: String(worker) })
  }

  /** @returns the text form of Prometheus */
  async text(): Promise<string> {
    await this.#fold()
    const own = await this.#own.getMetricsAsJSON()
    const workers = [...this.#latest].map(([worker, snapshot]) => labelled(snapshot, String(worker)))
    return AggregatorRegistry.aggregate([...workers, ...this.#gone, own]).metrics()
  }

  async #fold(): Promise<void> {
    const parts = [...this.#gone]
    const sum = await AggregatorRegistry.aggregate(parts).getMetricsAsJSON()
    // Another scrape may have been faster.
    if (parts.length > 1 && this.#gone[0] === parts[0]) this.#gone.splice(0, parts.length, sum)
  }
}

function isSum({ type }: MetricsSnapshot[number]): boolean {
  // The library says the type by its name; its declarations by a number.
  const name: unknown = type
  return name === 'counter' || name === 'histogram'
}

/** A gauge of each worker is a value of its own; and no aggregator of the library applies to one value. */
function labelled(snapshot: MetricsSnapshot, worker: string): MetricsSnapshot {
  return snapshot.map((metric) => {
    if (isSum(metric)) return metric
    const values = metric.values.map((value) => ({ ...value, labels: { ...value.labels, worker } }))
    return { ...metric, values }
  })
}
