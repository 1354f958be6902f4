/** Where a destination or a fragment is looked for, and nowhere else. */
export type Level = 'instance' | 'subaccount' | 'provider_instance' | 'provider_subaccount'

export const levels: readonly Level[] = ['provider_subaccount', 'provider_instance', 'subaccount', 'instance']

/**
 * One name under which applications call a destination: what the custom resource `Destination` of the original says
 * (guide L34846 to L34878, and the later public page "Destination Custom Resource").
 */
export interface Entry {
  readonly name: string
  readonly namespace: string
  readonly kind: 'http' | 'tcp'
  /** The name `*` makes the entry a gateway: callers name the destination in headers. */
  readonly destinationRef: { readonly name: string; readonly level?: Level }
  readonly fragmentRef?: { readonly name: string; readonly level?: Level; readonly optional?: boolean }
  readonly chainRef?: {
    readonly name: string
    readonly variables: readonly { readonly name: string; readonly value: string }[]
  }
  /** Port of a TCP entry on the address of the transparent proxy. */
  readonly port?: number
  /** TCP in the tenant mode shared: the tenant whose destination it is. */
  readonly tenantSubdomain?: string
}

export function isGateway({ destinationRef }: Entry): boolean {
  return destinationRef.name === '*'
}

/** `<name>.<namespace>`, for messages and logs. */
export function addressOfEntry({ name, namespace }: Entry): string {
  return `${name}.${namespace}`
}
