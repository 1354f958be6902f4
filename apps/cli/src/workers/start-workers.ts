import {
  clusterPort,
  configProblems,
  MergedMetrics,
  type MetricsSnapshot,
  reservePorts,
  startHealth,
  workerConfig,
  workerProblems,
} from '@landbridge/connectivity-proxy'
import { type Closeable, PlatformError, randomSecret } from '@landbridge/kernel'
import type { ProxyConfig } from '../compose/proxy-config.ts'
import type { ComponentEnvironment, StartedComponent } from '../run/run-component.ts'
import { type ProxyMaterials, readMaterials } from '../run/serve-proxy.ts'
import { WorkerSeat } from './worker-seat.ts'

/** A worker drains for 20 seconds; `closeInTime` ends everything after 30. */
const endMs = 27_000

/**
 * Starts a connectivity proxy as several processes that share its ports. This one only looks after them, and answers for
 * all: health, metrics and log.
 * @throws PlatformError CONFIG_INVALID, PORT_IN_USE, PROXY_WORKERS_UNSUPPORTED, and whatever a worker cannot start for
 */
export async function startWorkers(
  settings: ProxyConfig,
  count: number,
  { clock, log, writeLine }: ComponentEnvironment,
): Promise<Omit<StartedComponent, 'caFile'>> {
  const materials = readMaterials(settings)
  const { config } = materials
  const problems = [...configProblems(config), ...workerProblems(config, count)]
  if (problems.length > 0) throw new PlatformError('CONFIG_INVALID', { file: 'connectivity proxy', problems })

  const seats: WorkerSeat[] = []
  const metrics = new MergedMetrics()
  let isOpen = true
  // First, because it takes its port for good: two starts of one configuration do not both come further.
  const health = await openHealth(config, { seats, metrics, isOpen: () => isOpen, log })
  try {
    const task = await taskOf(settings, materials)
    for (let worker = 1; worker <= count; worker++)
      seats.push(
        new WorkerSeat({
          worker,
          task: (tunnelPort) => task(worker, tunnelPort),
          onEnd: () => metrics.ended(worker),
          onRestart: () => metrics.restarted(worker),
          clock,
          log,
          writeLine,
        }),
      )
    const [first] = await Promise.all(seats.map((seat) => seat.start()))
    return {
      components: [{ name: 'connectivity-proxy', url: first?.url ?? '', readyUrl: `${health.url}/health/ready` }],
      whenReady: () => Promise.all(seats.map((seat) => seat.whenReady)).then(() => {}),
      async close() {
        isOpen = false
        await Promise.all(seats.map((seat) => seat.stop(endMs)))
        await health.close()
      },
    }
  } catch (failure) {
    await Promise.all(seats.map((seat) => seat.abandon()))
    await health.close()
    throw failure
  }
}

async function taskOf({ logLevel }: ProxyConfig, materials: ProxyMaterials) {
  const { config } = materials
  const ports = await reservePorts(config)
  const proxyId = config.landbridge.proxyId === '' ? randomSecret(9) : config.landbridge.proxyId
  return (worker: number, tunnelPort: number) => ({
    worker,
    logLevel,
    clusterPort: clusterPort(config),
    materials: { ...materials, config: workerConfig(config, { worker, proxyId, ports, tunnelPort }) },
  })
}

interface Answering {
  readonly seats: readonly WorkerSeat[]
  readonly metrics: MergedMetrics
  readonly isOpen: () => boolean
  readonly log: ComponentEnvironment['log']
}

function openHealth(
  { landbridge }: ProxyMaterials['config'],
  { seats, metrics, isOpen, log }: Answering,
): Promise<Closeable & { readonly url: string }> {
  const { metrics: showsMetrics, ...place } = landbridge.health
  const text = async (): Promise<string> => {
    const asked = seats.map(async (seat) => {
      const snapshot = await seat.metrics()
      // Our own process has sent it. Kept as soon as it is there: what counted may be gone before all have answered.
      metrics.update(seat.worker, snapshot as MetricsSnapshot | undefined)
    })
    await Promise.all(asked)
    return metrics.text()
  }
  return startHealth({
    ...place,
    ready: async () => {
      const workers = await Promise.all(seats.map((seat) => seat.state()))
      const missing = workers.find(({ ready }) => !ready)
      if (missing === undefined) return { ready: isOpen() && workers.length > 0, workers }
      return { ready: false, reason: `worker ${missing.worker}: ${missing.reason}`, workers }
    },
    serves: async () => (await Promise.all(seats.map((seat) => seat.serves()))).includes(true),
    ...(showsMetrics ? { metrics: { contentType: metrics.contentType, text } } : {}),
    log,
  })
}
