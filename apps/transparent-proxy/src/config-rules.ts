import type { TransparentProxyConfig } from './config.ts'
import type { Entry } from './entries/entry.ts'

/** The entries of a configuration. */
export function entriesOf({ destinations, namespace }: TransparentProxyConfig): readonly Entry[] {
  return destinations.map((given) => ({ ...given, namespace: given.namespace ?? namespace }))
}

/** What the schema cannot say. One line for each problem: key, what is expected, what was found. */
export function configProblems(config: TransparentProxyConfig): readonly string[] {
  const { tenantMode } = config
  const seen = new Set<string>()
  return entriesOf(config).flatMap((entry, index) => {
    const where = `destinations[${index}]`
    const { name, namespace, kind, destinationRef, fragmentRef, chainRef, port, tenantSubdomain } = entry
    const problems: string[] = []
    const address = `${name}.${namespace}`
    if (seen.has(address)) problems.push(`${where}: expected a name of its own, found ${address} a second time`)
    seen.add(address)
    const isGateway = destinationRef.name === '*'
    if (isGateway && (destinationRef.level ?? fragmentRef ?? chainRef) !== undefined)
      problems.push(
        `${where}: expected neither level, fragmentRef nor chainRef with the name "*": callers send headers`,
      )
    if (kind === 'http' && port !== undefined)
      problems.push(`${where}.port: expected none for kind http, found ${port}: HTTP destinations share one port`)
    if (kind === 'http' && tenantSubdomain !== undefined)
      problems.push(`${where}.tenantSubdomain: expected none for kind http: callers name the tenant in headers`)
    if (kind === 'tcp' && isGateway)
      problems.push(`${where}.destinationRef.name: expected a destination for kind tcp, found "*": TCP has no headers`)
    if (kind === 'tcp' && port === undefined)
      problems.push(`${where}.port: expected a port for kind tcp, found nothing`)
    if (kind === 'tcp' && (tenantSubdomain === undefined) === (tenantMode === 'shared'))
      problems.push(
        tenantMode === 'shared'
          ? `${where}.tenantSubdomain: expected the tenant because tenantMode is "shared", found nothing`
          : `${where}.tenantSubdomain: expected none because tenantMode is "dedicated", found ${tenantSubdomain}`,
      )
    return problems
  })
}
