import { createServer } from 'node:net'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { type PortName, type Ports, portNames, portOption } from './ports.ts'

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

/** How often a start is tried again whose free ports went to somebody else meanwhile. */
const attempts = 5

/**
 * Starts on chosen ports. A port that was free when it was chosen may be taken when its listener starts, by another
 * start above all. When nobody insists on that port, others are chosen and the start is tried again.
 * @param start closes whatever it has started when it fails
 * @throws PlatformError PORT_IN_USE naming the option, for a port that somebody insists on or after five attempts
 */
export async function startOnChosenPorts<T>(
  host: string,
  wishes: readonly PortWish[],
  remembered: Partial<Ports>,
  start: (ports: Ports, moved: readonly MovedPort[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { ports, moved } = await choosePorts(host, wishes, remembered)
    try {
      return await start(ports, moved)
    } catch (failure) {
      // The listener knows the setting of its component, the user an option.
      const name = takenPort(failure, ports)
      if (name === undefined) throw failure
      const isFixed = wishes.some((wish) => wish.name === name && wish.isExplicit && wish.port !== 0)
      if (!isFixed && attempt < attempts) continue
      const facts = { host, port: ports[name], setting: `--${portOption(name)}` }
      throw new PlatformError('PORT_IN_USE', facts, { cause: failure })
    }
  }
}

function takenPort(failure: unknown, ports: Ports): PortName | undefined {
  if (!isPlatformError(failure, 'PORT_IN_USE')) return undefined
  return portNames.find((candidate) => ports[candidate] === failure.facts.port)
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
