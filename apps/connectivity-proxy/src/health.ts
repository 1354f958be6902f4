import { createApi, listen, type Readiness } from '@landbridge/http-api'
import type { Closeable, Log } from '@landbridge/kernel'

export interface HealthOptions {
  readonly host: string
  readonly port: number
  /** Whether the proxy is in touch with the connectivity service. Only `/health/ready` asks. */
  readonly ready: () => boolean | Promise<Readiness>
  /** Whether anybody serves requests, where that is not this process. */
  readonly serves?: () => Promise<boolean>
  /** What `/metrics` answers; there is none when absent. */
  readonly metrics?: { readonly contentType: string; text(): Promise<string> }
  readonly log: Log
}

/**
 * Health endpoints. `/healthcheck` says that the process serves requests and nothing about other services (guide
 * L34209): what restarts the proxy on it must not do so because somebody else is down.
 * @throws PlatformError PORT_IN_USE
 */
export async function startHealth(options: HealthOptions): Promise<Closeable & { readonly url: string }> {
  const { host, port, ready, serves = async () => true, metrics, log } = options
  const api = createApi({ log, ready, quiet: ['/health', '/metrics'] })
  api.get('/healthcheck', async (_request, reply) => {
    const isUp = await serves()
    return reply.code(isUp ? 200 : 503).send({ status: isUp ? 'UP' : 'DOWN' })
  })
  if (metrics !== undefined)
    api.get('/metrics', async (_request, reply) => {
      const text = await metrics.text()
      return reply.header('content-type', metrics.contentType).send(text)
    })
  const bound = await listen(api, host, port, 'landbridge.health.port')
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${bound}`, close: () => api.close() }
}
