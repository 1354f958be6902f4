import { type DenialName, denialName } from './decision.ts'
import { isHttp, isTcp, type Resource, type SystemMapping } from './model.ts'
import { writingsOf } from './path-rules.ts'
import { isSafePath } from './path-safety.ts'
import { parsePort } from './port.ts'
import type { AccessTable } from './table.ts'

/** A question that an administrator asks: would this request pass, and why not? */
export interface AccessQuestion {
  readonly virtualHost: string
  readonly virtualPort: number
  /** Absent: a TCP connection. */
  readonly path?: string
  readonly isWebSocketUpgrade?: boolean
}

export interface AccessExplanation {
  readonly allowed: boolean
  readonly denial?: DenialName
  /** One sentence for the administrator. */
  readonly reason: string
  /** What to change to allow the request; absent when it is allowed or must not be. */
  readonly remedy?: string
  readonly mapping?: SystemMapping
  /** Resources that match the path or would match it. */
  readonly resources: readonly { readonly resource: Resource; readonly effect: string }[]
}

/** Explains what the table decides. Slow and wordy on purpose; the table decides, this only looks for reasons. */
export function explainAccess(
  table: AccessTable,
  mappings: Iterable<SystemMapping>,
  question: AccessQuestion,
): AccessExplanation {
  const { virtualPort, path, isWebSocketUpgrade = false } = question
  const virtualHost = question.virtualHost.toLowerCase()
  const all = [...mappings]
  const mapping = all.find(
    (candidate) => candidate.virtualHost.toLowerCase() === virtualHost && covers(candidate, virtualPort),
  )
  const decision =
    path === undefined
      ? table.decideTcp(virtualHost, virtualPort)
      : table.decideHttp(virtualHost, virtualPort, path, isWebSocketUpgrade)
  const resources = mapping === undefined || path === undefined ? [] : describeResources(mapping, path)
  const found = mapping === undefined ? {} : { mapping }
  if (typeof decision !== 'number') return { allowed: true, reason: 'The request is allowed.', ...found, resources }
  const denial = denialName(decision)
  return { allowed: false, denial, ...texts(denial, question, mapping, all), ...found, resources }
}

function covers(mapping: SystemMapping, port: number): boolean {
  const ports = parsePort(mapping.virtualPort, mapping.protocol)
  return ports !== undefined && ports.low <= port && port <= ports.high
}

function texts(
  denial: DenialName,
  { virtualHost, virtualPort, path }: AccessQuestion,
  mapping: SystemMapping | undefined,
  all: readonly SystemMapping[],
): { reason: string; remedy?: string } {
  const address = `${virtualHost}:${virtualPort}`
  switch (denial) {
    case 'NO_SYSTEM': {
      const ports = all.filter((other) => other.virtualHost.toLowerCase() === virtualHost.toLowerCase())
      const known = ports.map((other) => other.virtualPort).join(', ')
      return {
        reason:
          known === ''
            ? `No system mapping has the virtual host ${virtualHost}.`
            : `The virtual host ${virtualHost} is mapped, but only with the ports ${known}.`,
        remedy: `Add a system mapping for ${address}, or correct the address in the destination.`,
      }
    }
    case 'WRONG_PROTOCOL':
      return {
        reason: `${address} is mapped for ${mapping?.protocol}, and the request is ${path === undefined ? 'TCP' : 'HTTP'}.`,
        remedy: 'Use the mapped protocol, or map another virtual address for this one.',
      }
    case 'NO_RESOURCE':
      return {
        reason: 'No enabled resource of the system mapping admits the path.',
        remedy: 'Enable a suspended resource that matches, or add one for the path.',
      }
    case 'NO_WEBSOCKET':
      return {
        reason: 'The path is allowed, but no resource that admits it allows the upgrade to WebSocket.',
        remedy: 'Set websocketUpgradeAllowed on a resource that admits the path.',
      }
    case 'BAD_PATH':
      return {
        reason:
          path !== undefined && !isSafePath(path, path.length) && !path.startsWith('/')
            ? 'The path does not start with "/".'
            : 'The path holds a dot segment, a control character or a backslash, plain or encoded.',
      }
  }
}

function describeResources(mapping: SystemMapping, path: string): AccessExplanation['resources'] {
  if (!isHttp(mapping.protocol) || isTcp(mapping.protocol)) return []
  const query = path.indexOf('?')
  const bare = query < 0 ? path : path.slice(0, query)
  return mapping.resources
    .filter((resource) => writingsOf(resource).some((id) => bare.startsWith(id)))
    .map((resource) => ({ resource, effect: effectOf(resource, bare) }))
}

function effectOf(resource: Resource, path: string): string {
  if (resource.exactMatchOnly && !writingsOf(resource).includes(path)) return 'matches only the exact path'
  if (!resource.enabled) return 'would admit the path, but is suspended'
  return resource.websocketUpgradeAllowed ? 'admits the path, also for WebSocket' : 'admits the path, not for WebSocket'
}
