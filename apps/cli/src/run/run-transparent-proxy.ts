import { readFileSync } from 'node:fs'
import { Bindings, parseVcapServices } from '@landbridge/client'
import { pinoLog } from '@landbridge/http-api'
import { PlatformError, systemClock } from '@landbridge/kernel'
import { type RunningTransparentProxy, startTransparentProxy } from '@landbridge/transparent-proxy'
import { findBindings } from '../binding/find-bindings.ts'
import { transparentProxySettingsSchema } from '../compose/transparent-proxy-config.ts'
import { type ConfigOptions, componentConfig } from '../config/config-options.ts'
import type { Terminal } from '../terminal.ts'
import { closeInTime } from './close-in-time.ts'

export interface NamedDestination {
  readonly name: string
  readonly destination: string
}

export interface TransparentProxyRun extends ConfigOptions {
  /** Besides those of the configuration. */
  readonly destinations: readonly NamedDestination[]
  readonly env?: string
  /** Of a platform on this machine: where bindings are looked for last. */
  readonly data: string
  readonly json?: boolean
}

const drainMs = 20_000

/** Runs `landbridge transparent-proxy` until it is asked to stop. It keeps nothing on disk. */
export async function runTransparentProxy(terminal: Terminal, run: TransparentProxyRun): Promise<void> {
  const settings = componentConfig(transparentProxySettingsSchema, terminal, run)
  const { transparentProxy, bindingsFile, platformCaFile, logLevel } = settings
  const file = run.env ?? bindingsFile
  const { services, source, caFiles } = findBindings({
    ...(file === undefined ? {} : { file }),
    dataDirectory: run.data,
    workingDirectory: terminal.workingDirectory,
    environment: terminal.environment,
  })
  const destinations = [
    ...transparentProxy.destinations,
    ...run.destinations.map(({ name, destination }) => ({
      name,
      kind: 'http' as const,
      destinationRef: { name: destination },
    })),
  ]
  if (destinations.length === 0)
    throw new PlatformError('CONFIG_INVALID', {
      problems: [
        'transparentProxy.destinations: expected at least one destination, found none: name one in the command, for example landbridge transparent-proxy demo-backend',
      ],
    })
  const ca = [...caFiles, ...(platformCaFile === undefined ? [] : [platformCaFile])].map(pem).join('\n')
  const stopped = new Promise<void>((resolve) => terminal.onStop(resolve))
  const running = await startTransparentProxy({
    config: { ...transparentProxy, destinations },
    bindings: new Bindings(parseVcapServices(services, source), [source]),
    ...(ca === '' ? {} : { ca }),
    clock: systemClock,
    log: pinoLog(logLevel, { write: (line) => terminal.note(line.trimEnd()) }),
  })
  announce(terminal, running, addresses(running, transparentProxy.namespace, destinations), run.json === true)
  await stopped
  await closeInTime({
    async close() {
      await running.drain(drainMs)
      await running.close()
    },
  })
}

interface Address {
  readonly destination: string
  readonly address: string
}

function addresses(
  { port, url, tcpPorts }: RunningTransparentProxy,
  ownNamespace: string,
  destinations: readonly { name: string; namespace?: string; kind: string; destinationRef: { name: string } }[],
): readonly Address[] {
  return destinations.map(({ name, namespace = ownNamespace, kind, destinationRef: { name: destination } }) => ({
    destination,
    address:
      kind === 'tcp'
        ? `${new URL(url).hostname}:${tcpPorts.get(`${name}.${namespace}`)}`
        : `http://${name}.${namespace}.localhost:${port}`,
  }))
}

function announce(
  terminal: Terminal,
  { url, healthUrl }: RunningTransparentProxy,
  all: readonly Address[],
  json: boolean,
): void {
  if (json) {
    terminal.print(JSON.stringify({ url, healthUrl, destinations: all }))
    return
  }
  for (const { address, destination } of all)
    terminal.print(
      destination === '*'
        ? `${address} leads to the destination that the header X-Destination-Name names`
        : `${address} leads to ${destination}`,
    )
  terminal.print('Stop with Ctrl+C.')
}

function pem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PlatformError(
      'CONFIG_INVALID',
      { problems: [`platformCaFile: expected a readable PEM file, found ${path}`] },
      { cause },
    )
  }
}
