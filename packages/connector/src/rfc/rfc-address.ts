import type { Preface } from '@landbridge/tunnel'

/** What an RFC client wants to reach: a gateway or a message server of a virtual host. */
export interface RfcAddress {
  readonly virtualHost: string
  /** 0 where the client named a service. */
  readonly port: number
  /** `sapgw42`, `sapmsERP`, '' where the client named a number. */
  readonly service: string
  /** Logon group of a message server. */
  readonly group: string
  /** The port as texts name it: `sapgw42` also for 3342. */
  readonly shownPort: string
}

/**
 * Reads the target of an RFC stream: a host with a number, or `service@host` and `service/group@host` with port 0, where
 * a message server may be named by its number too.
 * Neither an `@` nor a slash can occur in a host name.
 */
export function rfcAddress({ virtualHost, virtualPort }: Pick<Preface, 'virtualHost' | 'virtualPort'>): RfcAddress {
  const at = virtualHost.lastIndexOf('@')
  const host = virtualHost.slice(at + 1).toLowerCase()
  const [service = '', group = 'PUBLIC'] = at < 0 ? [''] : virtualHost.slice(0, at).split('/')
  if (/^[0-9]+$/.test(service))
    return { virtualHost: host, port: Number(service), service: '', group, shownPort: service }
  if (service !== '') return { virtualHost: host, port: 0, service, group, shownPort: service }
  return { virtualHost: host, port: virtualPort, service: '', group, shownPort: serviceOf(virtualPort) }
}

/** The instance of a gateway: `42` of `sapgw42`, of 3342 and of 4842; '' for any other port. */
export function instanceOf(port: string): string {
  const named = /^sapgw([0-9]{2})s?$/.exec(port)
  if (named !== null) return named[1] as string
  return /^(?:33|48)[0-9]{2}$/.test(port) ? port.slice(2) : ''
}

/** True for the port of a message server: `sapmsERP`, 36NN, 39NN. */
export function isMessageServer(port: string): boolean {
  return port.startsWith('sapms') || /^3[69][0-9]{2}$/.test(port)
}

function serviceOf(port: number): string {
  const instance = instanceOf(String(port))
  return instance === '' ? String(port) : `sapgw${instance}`
}
