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
