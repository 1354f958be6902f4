/** Whether a shadow may connect to this master, and from where (guide L21816). */
export interface MasterSettings {
  readonly haEnabled: boolean
  /** Empty: from any host. */
  readonly allowedShadowHost: string
}

/** How a shadow finds and watches its master (guide L21981), with the names of the wire. */
export interface ShadowSettings {
  readonly masterHost: string
  /** Empty, or a port from 1 to 65535. */
  readonly masterPort: string
  readonly ownHost: string
  readonly checkIntervalInSeconds: number
  readonly takeoverDelayInSeconds: number
  readonly connectTimeoutInMillis: number
  readonly requestTimeoutInMillis: number
}

/** The values of the guide's example (guide L22064). */
export const defaultShadowSettings: ShadowSettings = {
  masterHost: '',
  masterPort: '',
  ownHost: '',
  checkIntervalInSeconds: 30,
  takeoverDelayInSeconds: 10,
  connectTimeoutInMillis: 1_000,
  requestTimeoutInMillis: 12_000,
}

/** The other instance of the pair: the master of a shadow, or the shadow that a master knows. */
export interface HaPeer {
  /** PEM of the certificate of its administration port, exchanged on the first connection. */
  readonly certificate: string
  readonly host: string
  readonly port: number
  /** Both are the shadow's; a master shows them and measures silence with them. */
  readonly checkIntervalMs: number
  readonly takeoverDelayMs: number
  /** False once an administrator has disconnected the shadow: nobody looks for the other one any more. */
  readonly isJoined: boolean
  /** Version of the connector, when it was last heard of. */
  readonly version?: string
}

/** Which of two masters came later, and whether this instance gave its role away. */
export interface HaTerm {
  /** Rises by one with each takeover. */
  readonly number: number
  /** This shadow was the master of this term and asked the other one to take over. */
  readonly isHandedOver: boolean
}

export const firstTerm: HaTerm = { number: 1, isHandedOver: false }
