/** What a service gives an application: `VCAP_SERVICES` of Cloud Foundry, or a directory of files in Kubernetes. */
export interface Binding {
  /** Name of the service, for example `destination`. */
  readonly label: string
  /** Name of the service instance or of the binding. */
  readonly name: string
  /** Name of the service instance, where it is told apart from that of the binding. */
  readonly instanceName?: string
  readonly plan?: string
  readonly tags: readonly string[]
  readonly credentials: Credentials
}

/** Secrets included: do not print it. */
export type Credentials = Readonly<Record<string, unknown>>
