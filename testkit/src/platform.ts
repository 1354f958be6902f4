import { readFileSync } from 'node:fs'
import type { Finished } from './child.ts'
import { runCommand } from './command.ts'
import { type RunningCommand, runUntilReady } from './running-command.ts'
import { temporaryFolder } from './temp.ts'

export type Credentials = Readonly<Record<string, string>>

export interface Login {
  readonly name: string
  readonly password: string
}

/** What `landbridge up --json` tells. */
interface UpDocument {
  readonly dataDirectory: string
  readonly components: readonly { readonly name: string; readonly url: string }[]
  readonly credentials: {
    readonly administrator: Login
    readonly user: Login
    readonly connector: Login
    readonly operatorSecret: string
  }
}

/** A platform in a process of its own, started by the real launcher. */
export interface TestPlatform {
  readonly dataDirectory: string
  readonly credentials: UpDocument['credentials']
  /** PEM of the platform's authority, and of the one of the demo connector. */
  readonly ca: string
  readonly connectorCa: string
  /** What an application of the demo gets in its environment, by `landbridge env`. */
  readonly environment: { readonly VCAP_SERVICES: string; readonly NODE_EXTRA_CA_CERTS: string }
  /** Address of a component by its name in the table that `up` prints. */
  address(component: string): URL
  /** Credentials of the first binding of a service. */
  binding(service: 'xsuaa' | 'destination' | 'connectivity'): Credentials
  /** Runs a command of the command line on the data directory of this platform. */
  command(...args: readonly string[]): Promise<Finished>
  /** Stops it and removes its data. @throws Error when it does not end with status 0 */
  stop(): Promise<void>
}

/** Options of `landbridge up` for any free ports, so that tests run beside each other and beside a developer's own. */
export const onFreePorts: readonly string[] = [
  ...['token', 'destination', 'destination-tls', 'connectivity', 'proxy', 'socks', 'rfc', 'tunnel', 'connector'],
  ...['backend-http', 'backend-tcp'],
].flatMap((name) => [`--port-${name}`, '0'])

/** A port that was free when it was chosen may be another test's when its listener starts: then once more, on others. */
async function runOnFreePorts(
  folder: string,
  args: readonly string[],
): Promise<{ running: RunningCommand; dataDirectory: string }> {
  for (let attempt = 1; ; attempt++) {
    const dataDirectory = `${folder}/data-${attempt}`
    try {
      return {
        running: await runUntilReady(['up', '--json', '--data', dataDirectory, ...onFreePorts, ...args]),
        dataDirectory,
      }
    } catch (failure) {
      if (attempt === 3 || !(failure instanceof Error) || !failure.message.includes('PORT_IN_USE')) throw failure
    }
  }
}

/** Starts `landbridge up` with fresh data on free ports and further arguments, and waits until it is ready. */
export async function startPlatform(...args: readonly string[]): Promise<TestPlatform> {
  const folder = temporaryFolder()
  try {
    const { running, dataDirectory } = await runOnFreePorts(folder.path, args)
    const document = JSON.parse(running.output) as UpDocument
    const environment = await environmentOf(dataDirectory)
    const services = JSON.parse(environment.VCAP_SERVICES) as Record<string, readonly { credentials: Credentials }[]>
    return {
      dataDirectory,
      credentials: document.credentials,
      ca: readFileSync(environment.NODE_EXTRA_CA_CERTS, 'utf8'),
      connectorCa: readFileSync(`${dataDirectory}/connector-ca.pem`, 'utf8'),
      environment,
      address: (component) =>
        new URL(found(document.components.find(({ name }) => name === component)?.url, component)),
      binding: (service) => found(services[service]?.[0]?.credentials, service),
      command: (...args) => runCommand([...args, '--data', dataDirectory]),
      async stop() {
        const status = await running.stop()
        folder[Symbol.dispose]()
        if (status !== 0) throw new Error(`the platform ended with ${status}: ${running.errors()}`)
      },
    }
  } catch (failure) {
    folder[Symbol.dispose]()
    throw failure
  }
}

async function environmentOf(dataDirectory: string): Promise<TestPlatform['environment']> {
  const { status, stdout, stderr } = await runCommand(['env', '--stdout', '--data', dataDirectory])
  if (status !== 0) throw new Error(`landbridge env ended with ${status}: ${stderr}`)
  const { VCAP_SERVICES } = JSON.parse(stdout) as { VCAP_SERVICES: object }
  return { VCAP_SERVICES: JSON.stringify(VCAP_SERVICES), NODE_EXTRA_CA_CERTS: `${dataDirectory}/ca.pem` }
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the platform has no ${name}`)
  return value
}
