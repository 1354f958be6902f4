import { after, beforeEach } from 'node:test'
import {
  type Called,
  type Platform,
  type Recorder,
  type Started,
  type StartOptions,
  type StoredDestination,
  startPlatform,
  startProxy,
  startRecorder,
} from './stand-in.ts'

type Answer = Parameters<typeof startRecorder>[0]

export interface SceneOptions {
  /** Of the configuration. */
  readonly settings?: object
  /** Besides the gateway. */
  readonly destinations?: readonly object[]
  /** What the target answers, instead of `fine`. */
  readonly target?: Answer
  /** What the connectivity proxy answers; without it none is bound. */
  readonly onPremise?: Answer
}

/** Everything that a file of tests needs around a transparent proxy with the entry `gateway.shop`. */
export interface Scene {
  /** Knows no destination at the beginning of a test, and has been asked nothing. */
  readonly platform: Platform
  readonly target: Recorder
  readonly connectivityProxy: Recorder
  readonly proxy: Started
  /** Makes a destination that nobody knows yet. @returns its name */
  put(stored: StoredDestination): string
  /** Calls one through the gateway. */
  call(stored: StoredDestination, ...headers: readonly string[]): Promise<Called>
}

/** Starts it for the file in which this is called; it is gone after the last test. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const platform = await startPlatform()
  const target = await startRecorder(options.target)
  const connectivityProxy = await startRecorder(options.onPremise)
  const connectivity: Pick<StartOptions, 'connectivity'> =
    options.onPremise === undefined
      ? {}
      : {
          connectivity: {
            onpremise_proxy_host: '127.0.0.1',
            onpremise_proxy_http_port: String(connectivityProxy.port),
          },
        }
  const proxy = await startProxy(platform, {
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    ...connectivity,
    destinations: [
      { name: 'gateway', namespace: 'shop', destinationRef: { name: '*' } },
      ...(options.destinations ?? []),
    ],
  })
  beforeEach(() => {
    for (const { asked } of [target, connectivityProxy, platform]) asked.length = 0
    platform.destinations.clear()
  })
  after(async () => {
    for (const part of [proxy, target, connectivityProxy, platform]) await part[Symbol.asyncDispose]()
  })
  let names = 0
  const put = (stored: StoredDestination): string => {
    const name = `d${++names}`
    platform.destinations.set(name, stored)
    return name
  }
  return {
    platform,
    target,
    connectivityProxy,
    proxy,
    put,
    call: (stored, ...headers) =>
      proxy.call('gateway.shop', '/', { headers: ['X-Destination-Name', put(stored), ...headers] }),
  }
}
