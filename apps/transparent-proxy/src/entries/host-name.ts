/** What a host name says: the name of an entry, and its namespace if it has one. */
export interface HostName {
  readonly name: string
  readonly namespace?: string
}

/** Kubernetes appends the first two; the last one leads to this machine in browsers, curl and most resolvers. */
const suffixes = ['.svc.cluster.local', '.svc', '.localhost']
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const pattern = new RegExp(`^(${label})(?:\\.(${label}))?$`)

/** Reads `<name>[.<namespace>[.svc.cluster.local]][:port]`. Undefined for any other text. */
export function readHostName(host: string): HostName | undefined {
  if (host.length > 260) return undefined
  const plain = host
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '')
  const suffix = suffixes.find((known) => plain.endsWith(known))
  const match = pattern.exec(suffix === undefined ? plain : plain.slice(0, -suffix.length))
  if (match === null) return undefined
  const [, name = '', namespace] = match
  return namespace === undefined ? { name } : { name, namespace }
}
