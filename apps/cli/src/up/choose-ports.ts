import { createServer } from 'node:net'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { type PortName, type Ports, portNames, portOption } from './up-config.ts'

export interface PortWish {
  readonly name: PortName
  readonly port: number
  /** Somebody chose this port: it must not move. */
  readonly isExplicit: boolean
}

export interface MovedPort {
  readonly name: PortName
  readonly from: number
  readonly to: number
}

/**
 * Finds a free port for every listener before anything starts, so that all of them know each other's addresses.
 * @param remembered ports of the last start: addresses that clients have written down should stay.
 * @throws PlatformError PORT_IN_USE for an explicit port that is taken.
 */
export async function choosePorts(
  host: string,
  wishes: readonly PortWish[],
  remembered: Partial<Ports> = {},
): Promise<{ readonly ports: Ports; readonly moved: readonly MovedPort[] }> {
  const taken = new Set(wishes.filter((wish) => wish.isExplicit && wish.port !== 0).map((wish) => wish.port))
  const chosen: Partial<Record<PortName, number>> = {}
  const moved: MovedPort[] = []
  for (const wish of wishes) {
    const port = wish.isExplicit
      ? await explicitPort(
          host,
          wish.port === 0 ? { ...wish, port: await lastPort(host, wish.name, remembered, taken) } : wish,
        )
      : await movablePort(host, wish.port, remembered[wish.name], taken)
    taken.add(port)
    chosen[wish.name] = port
    if (!wish.isExplicit && port !== wish.port) moved.push({ name: wish.name, from: wish.port, to: port })
  }
  // One entry per wish was just written.
  return { ports: chosen as Ports, moved }
}

/**
 * A port that was free when it was chosen may be taken when its listener starts, by another start above all: the
 * listener knows the setting of its component, the user an option.
 */
export function namePortOption(failure: unknown, ports: Ports): unknown {
  if (!isPlatformError(failure, 'PORT_IN_USE')) return failure
  const name = portNames.find((candidate) => ports[candidate] === failure.facts.port)
  if (name === undefined) return failure
  return new PlatformError('PORT_IN_USE', { ...failure.facts, setting: `--${portOption(name)}` }, { cause: failure })
}

/** For port 0: the free port of last time, so that a restart changes nothing, or 0. */
async function lastPort(
  host: string,
  name: PortName,
  remembered: Partial<Ports>,
  taken: ReadonlySet<number>,
): Promise<number> {
  const last = remembered[name]
  return last !== undefined && !taken.has(last) && (await tryPort(host, last)) !== undefined ? last : 0
}

async function explicitPort(host: string, { name, port }: PortWish): Promise<number> {
  const free = await tryPort(host, port)
  if (free === undefined) throw new PlatformError('PORT_IN_USE', { host, port, setting: `--${portOption(name)}` })
  return free
}

async function movablePort(
  host: string,
  standard: number,
  remembered: number | undefined,
  taken: ReadonlySet<number>,
): Promise<number> {
  const nearby = Array.from({ length: 20 }, (_, step) => standard + step)
  for (const candidate of [...(remembered === undefined ? [] : [remembered]), ...nearby]) {
    if (candidate > 65_535 || taken.has(candidate)) continue
    if ((await tryPort(host, candidate)) !== undefined) return candidate
  }
  const any = await tryPort(host, 0)
  if (any === undefined) throw new PlatformError('PORT_IN_USE', { host, port: standard })
  return any
}

/** The port if it can be listened on, undefined if it is taken or not allowed. */
async function tryPort(host: string, port: number): Promise<number | undefined> {
  const probe = createServer()
  const listening = new Promise<number | undefined>((resolve, reject) => {
    probe.once('error', (failure: NodeJS.ErrnoException) => {
      if (failure.code === 'EADDRINUSE' || failure.code === 'EACCES') resolve(undefined)
      else reject(failure)
    })
    probe.listen({ host, port, exclusive: true }, () => {
      const address = probe.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
  const found = await listening
  if (probe.listening) await new Promise((resolve) => probe.close(resolve))
  return found
}
