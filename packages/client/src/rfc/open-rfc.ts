import type { Socket } from 'node:net'
import { type Clock, isPlatformError } from '@landbridge/kernel'
import type { Destination } from '../destination/destination.ts'
import type { FindOptions } from '../destination/find-options.ts'
import type { ConnectivityProxy } from '../proxy/connectivity-proxy.ts'
import { openSocks5 } from '../socks/connect-socks5.ts'
import { RfcError, rfcErrorOf } from './rfc-error.ts'
import { rfcRouteOf } from './rfc-route.ts'

/** What opening an RFC connection needs of the client library. */
export interface RfcDialer {
  readonly proxy: ConnectivityProxy
  findDestination(name: string, options?: FindOptions & { signal?: AbortSignal }): Promise<Destination>
}

export interface RfcConnectOptions {
  readonly signal?: AbortSignal
  /** Default 30,000. */
  readonly timeoutMs?: number
}

/**
 * Opens the way to the ABAP gateway of an RFC destination: through the RFC port of the connectivity proxy, the tunnel
 * and the access control of the Cloud Connector. What follows on the socket is the classic RFC protocol, for a client
 * that speaks it.
 * @throws RfcError with the texts that applications know: 106 for an unknown destination, 102 for what fails on the way
 */
export async function openRfc(
  dialer: RfcDialer,
  clock: Clock,
  name: string,
  { signal, timeoutMs = 30_000 }: RfcConnectOptions = {},
): Promise<Socket> {
  const route = rfcRouteOf(await find(dialer, name, signal))
  const { host, port, system, locationId } = route
  try {
    const { proxy } = dialer
    const token = await proxy.token({}, signal)
    return await openSocks5({
      proxy: { host: proxy.host, port: proxy.rfcPort },
      token,
      target: { host, port, locationId },
      timeoutMs,
      clock,
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason
    throw rfcErrorOf(cause, system, locationId)
  }
}

async function find(dialer: RfcDialer, name: string, signal: AbortSignal | undefined): Promise<Destination> {
  try {
    return await dialer.findDestination(name, signal === undefined ? {} : { signal })
  } catch (cause) {
    if (isPlatformError(cause) && cause.code === 'CLIENT_DESTINATION_NOT_FOUND')
      throw new RfcError('JCO_ERROR_RESOURCE', `Destination ${name} does not exist`, { cause })
    throw cause
  }
}
