import { type Clock, PlatformError } from '@landbridge/kernel'
import type { Session } from '@landbridge/tunnel'

/** One accepted tunnel connection. */
export interface Tunnel {
  readonly session: Session
  readonly connectorId: string
  /** SHA-256 of the client certificate, hex in lower case. */
  readonly fingerprint: string
  /** The opening that this tunnel answers. */
  readonly ticket: string
  readonly openedAtMs: number
}

/** Asks for tunnels of a subaccount and location; resolves once the request is on its way to a connector. */
export type OpenTunnels = (subaccountId: string, locationId: string, callerToken: string) => Promise<string>

const openTimeoutMs = 10_000
/** After "nothing connected", the answer stands this long: a flood of requests is not a flood of questions. */
const absentMs = 1_000

/** All tunnels to the connectors of one subaccount and location; opens them on demand and shares the load. */
export class TunnelGroup {
  readonly subaccountId: string
  readonly locationId: string
  readonly #open: OpenTunnels
  readonly #clock: Clock
  readonly #tunnels: Tunnel[]
  #turn: number
  #opening: Promise<Session> | null
  #arrived: ((session: Session) => void) | null
  #absentUntilMs: number

  constructor(subaccountId: string, locationId: string, open: OpenTunnels, clock: Clock) {
    this.subaccountId = subaccountId
    this.locationId = locationId
    this.#open = open
    this.#clock = clock
    this.#tunnels = []
    this.#turn = 0
    this.#opening = null
    this.#arrived = null
    this.#absentUntilMs = 0
  }

  get tunnels(): readonly Tunnel[] {
    return this.#tunnels
  }

  /**
   * The tunnel with the fewest open streams, or null when one has to be opened first. Equals take turns: requests that
   * come one after the other would all meet the first otherwise.
   */
  pick(): Session | null {
    const { length } = this.#tunnels
    let best: Session | null = null
    if (length > 1) this.#turn = (this.#turn + 1) % length
    for (let i = 0; i < length; i++) {
      const { session } = this.#tunnels[length === 1 ? 0 : (this.#turn + i) % length]!
      if (session.isUsable && (best === null || session.streamCount < best.streamCount)) best = session
    }
    return best
  }

  /**
   * Opens a tunnel, once for all callers that wait.
   * @throws PlatformError CONNECTOR_NOT_CONNECTED, TUNNEL_OPEN_FAILED or CONNECTIVITY_SERVICE_UNREACHABLE.
   */
  acquire(callerToken: string): Promise<Session> {
    const ready = this.pick()
    if (ready !== null) return Promise.resolve(ready)
    if (this.#clock.now() < this.#absentUntilMs) return Promise.reject(this.#notConnected())
    this.#opening ??= this.#request(callerToken).finally(() => {
      this.#opening = null
      this.#arrived = null
    })
    return this.#opening
  }

  add(tunnel: Tunnel): void {
    // A connector that answers a later opening has a reason; what it had open before is ended gently.
    for (const other of this.#tunnels)
      if (other.connectorId === tunnel.connectorId && other.ticket !== tunnel.ticket) other.session.drain()
    this.#tunnels.push(tunnel)
    this.#absentUntilMs = 0
    this.#arrived?.(tunnel.session)
  }

  remove(session: Session): void {
    const at = this.#tunnels.findIndex((tunnel) => tunnel.session === session)
    if (at >= 0) this.#tunnels.splice(at, 1)
  }

  /** True while callers wait for a tunnel. */
  get isOpening(): boolean {
    return this.#opening !== null
  }

  /** A connector registered with the cloud: what was known about its absence is void. */
  connectorAppeared(): void {
    this.#absentUntilMs = 0
  }

  #request(callerToken: string): Promise<Session> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(openTimeoutMs, () => reject(this.#failed('no tunnel within 10 seconds')))
      this.#arrived = (session) => {
        cancel()
        resolve(session)
      }
      this.#open(this.subaccountId, this.locationId, callerToken).catch((failure: unknown) => {
        cancel()
        if (failure instanceof PlatformError && failure.code === 'CONNECTOR_NOT_CONNECTED') {
          this.#absentUntilMs = this.#clock.now() + absentMs
          reject(this.#notConnected())
        } else reject(failure)
      })
    })
  }

  #notConnected(): PlatformError {
    return new PlatformError('CONNECTOR_NOT_CONNECTED', {
      subaccountId: this.subaccountId,
      locationId: this.locationId,
    })
  }

  #failed(reason: string): PlatformError {
    const { subaccountId, locationId } = this
    return new PlatformError('TUNNEL_OPEN_FAILED', { subaccountId, locationId, reason })
  }
}
