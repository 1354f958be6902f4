import { createApi, listen } from '@landbridge/http-api'
import type { Closeable, Log } from '@landbridge/kernel'

export interface HealthOptions {
  readonly host: string
  readonly port: number
  readonly ready: () => boolean
  readonly log: Log
}

/** Health endpoints, as those of the connectivity proxy: they say that this process serves, nothing about others. */
export async function startHealth({
  host,
  port,
  ready,
  log,
}: HealthOptions): Promise<Closeable & { readonly url: string }> {
  const api = createApi({ log, ready, quiet: ['/health'] })
  api.get('/healthcheck', async () => ({ status: 'UP' }))
  const bound = await listen(api, host, port, 'health.port')
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${bound}`, close: () => api.close() }
}
