import { randomUUID } from 'node:crypto'
import { type Clock, type ErrorCode, errorEntry, PlatformError } from '@landbridge/kernel'
import type { ControlMessage } from '@landbridge/tunnel'
import type { ChannelSpec } from './channel-spec.ts'

/** Proxies answer at once; they and the connectivity service may be busy. */
const answerMs = 4_000
/** After a refusal another proxy may still say yes: each answers for itself. */
const graceMs = 750

/** The more one knows of the service, the more its refusal tells. */
const rank: Readonly<Record<string, number>> = {
  CHANNEL_OTHER_CLUSTER: 1,
  CHANNELS_SWITCHED_OFF: 2,
  CHANNEL_NO_MAPPING: 3,
  CHANNEL_LOCATION_NOT_ALLOWED: 4,
}

/** One wish, until it is granted, refused or forgotten. */
interface Wish {
  readonly spec: ChannelSpec
  readonly granted: (offer: ControlMessage) => void
  readonly failed: (failure: PlatformError) => void
  refusal: PlatformError | null
  cancel: () => void
}

/** The wishes for tunnels of service channels that are on their way over one control session. */
export class ChannelRequests {
  readonly #clock: Clock
  readonly #wishes: Map<string, Wish>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#wishes = new Map()
  }

  /**
   * Asks the cloud side for a tunnel; the first proxy that grants it counts.
   * @returns the message that says which proxy to dial with which ticket.
   * @throws PlatformError with a CHANNEL code
   */
  ask(spec: ChannelSpec, send: (message: ControlMessage) => void): Promise<ControlMessage> {
    const request = randomUUID()
    return new Promise((resolve, reject) => {
      const over = (): void => {
        wish.cancel()
        this.#wishes.delete(request)
      }
      const wish: Wish = {
        spec,
        refusal: null,
        granted: (offer) => {
          over()
          resolve(offer)
        },
        failed: (failure) => {
          over()
          reject(failure)
        },
        cancel: this.#clock.after(answerMs, () => wish.failed(new PlatformError('CHANNEL_NO_ANSWER'))),
      }
      this.#wishes.set(request, wish)
      send({ type: 'open-channel', request, kind: spec.kind, host: spec.host, service: spec.service })
    })
  }

  /** An `open-tunnel` that answers a wish. False: none that waits, such as one that another proxy has granted. */
  granted(request: string, offer: ControlMessage): boolean {
    const wish = this.#wishes.get(request)
    wish?.granted(offer)
    return wish !== undefined
  }

  refused(message: ControlMessage, locationId: string): void {
    const wish = this.#wishes.get(String(message.request))
    if (wish === undefined) return
    const refusal = toError(message, wish.spec, locationId)
    if (wish.refusal === null) {
      wish.cancel()
      wish.cancel = this.#clock.after(graceMs, () => wish.failed(wish.refusal as PlatformError))
    }
    if (wish.refusal === null || (rank[refusal.code] ?? 0) > (rank[wish.refusal.code] ?? 0)) wish.refusal = refusal
  }

  /** The control session is gone, and with it the way for answers. */
  lost(): void {
    for (const wish of [...this.#wishes.values()]) wish.failed(new PlatformError('CHANNEL_CLOUD_AWAY'))
  }
}

const known = [
  ...Object.keys(rank),
  'CHANNEL_REQUEST_INVALID',
  'CHANNEL_REQUESTS_EXCEEDED',
] as readonly string[] as readonly ErrorCode[]

/** A newer cloud side may refuse for reasons that this version has no row for; its own words are kept then. */
function toError({ code, title }: ControlMessage, { service, host }: ChannelSpec, locationId: string): PlatformError {
  const found = known.find((candidate) => candidate === code)
  if (found !== undefined) return new PlatformError(found, { service, host, locationId })
  return new PlatformError('CHANNEL_NO_ANSWER', { reason: typeof title === 'string' ? title.slice(0, 300) : '' })
}

/** A failure as one line: what happened and with what. */
export function channelFailureText(failure: unknown): string {
  if (!(failure instanceof PlatformError)) return failure instanceof Error ? failure.message : 'failed'
  const { show } = errorEntry(failure.code)
  const shown = show.filter((name) => failure.facts[name] !== undefined)
  const facts = shown.map((name) => `${name} ${JSON.stringify(failure.facts[name])}`)
  const reason = failure.facts.reason
  if (typeof reason === 'string' && reason !== '' && !show.includes('reason')) facts.push(reason)
  return facts.length === 0 ? failure.message : `${failure.message} (${facts.join(', ')})`
}
