import type { Clock, ErrorCode } from '@landbridge/kernel'

/** A connector's wish for a tunnel connection of a service channel, as its control session brings it. */
export interface ChannelWish {
  /** The connector's name for the wish, by which it knows the answer. */
  readonly request: string
  /** Type of the channel: which of them there are is the business of proxies. */
  readonly kind: string
  /** Cluster host as entered; empty for types that have none. */
  readonly host: string
  readonly service: string
}

/** What a proxy answers when it will not serve a wish. */
export const channelRefusals = [
  'CHANNEL_NO_MAPPING',
  'CHANNEL_LOCATION_NOT_ALLOWED',
  'CHANNEL_OTHER_CLUSTER',
  'CHANNELS_SWITCHED_OFF',
] as const satisfies readonly ErrorCode[]
export type ChannelRefusalCode = (typeof channelRefusals)[number]

/** A message of that type without a usable name cannot even be refused. Null: drop it. */
export function parseChannelWish(
  message: Readonly<Record<string, unknown>>,
): ChannelWish | { readonly request: string; readonly invalid: string } | null {
  const { request, kind, host, service } = message
  if (typeof request !== 'string' || !/^[\w-]{1,64}$/.test(request)) return null
  if (typeof kind !== 'string' || !/^\w{1,32}$/.test(kind)) return { request, invalid: 'kind' }
  if (typeof host !== 'string' || host.length > 300) return { request, invalid: 'host' }
  if (typeof service !== 'string' || service.length < 1 || service.length > 500) return { request, invalid: 'service' }
  return { request, kind, host, service }
}

/** A connector's question which services it could reach through channels of one type. Null: drop it. */
export function parseServiceQuestion(
  message: Readonly<Record<string, unknown>>,
): { readonly request: string; readonly kind: string } | null {
  const wish = parseChannelWish({ ...message, host: '', service: '-' })
  return wish === null || 'invalid' in wish ? null : { request: wish.request, kind: wish.kind }
}

/** A service that a proxy would let a connector reach. */
export interface OfferedService {
  readonly serviceId: string
  /** How the operator calls it. */
  readonly name: string
}

const periodMs = 10_000
/** Every wish reaches every proxy of the subaccount: a connector gone mad must not keep all of them busy. */
const maxPerPeriod = 200

/** Counts what one control session asks for. */
export class ChannelWishLimit {
  readonly #clock: Clock
  #periodStartMs: number
  #count: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#periodStartMs = clock.now()
    this.#count = 0
  }

  /** True when one more is fine. */
  take(): boolean {
    const nowMs = this.#clock.now()
    if (nowMs - this.#periodStartMs >= periodMs) {
      this.#periodStartMs = nowMs
      this.#count = 0
    }
    return ++this.#count <= maxPerPeriod
  }
}
