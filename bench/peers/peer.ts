import type { CertificateFiles } from '../host/certificates.ts'

/** What every peer has to reach. All of it listens on loopback and is the same for every peer. */
export interface Backend {
  /** HTTP: GET /small (71 bytes), GET /bulk (a body of `bulkBytes`). */
  readonly webPort: number
  /** HTTP: takes any body with Content-Length and answers 200 when all of it has arrived. */
  readonly uploadPort: number
  /** TCP: sends back what it gets. */
  readonly echoPort: number
}

/** How a client asks for something through a peer. */
export interface Entry {
  readonly host: string
  readonly port: number
  /** Put before a path in the request line: '' for an ordinary server, `http://host:port` for a forward proxy. */
  readonly targetPrefix: string
  readonly headers: Readonly<Record<string, string>>
  /** Further headers, one set for each request in turn: many users, for example. */
  readonly variants?: readonly Readonly<Record<string, string>>[]
}

/** A started peer. */
export interface RunningPeer {
  readonly web: Entry
  readonly upload: Entry
  /** SOCKS5 listener with what it needs to reach the echo backend; only our own data plane has one. */
  readonly socks?: SocksEntry
  /** The processes that the peer consists of, by role; what they fork is counted with them. */
  readonly pids: Readonly<Record<string, number>>
  stop(): Promise<void>
}

/** A SOCKS5 listener that takes a token (authentication method 0x80, guide L12543 to L12896). */
export interface SocksEntry {
  readonly port: number
  readonly token: string
  readonly targetHost: string
  readonly targetPort: number
}

/** One candidate of the comparison. */
export interface Peer {
  readonly name: string
  readonly description: string
  /** The package that brings what is missing, for the hint how to install it. */
  readonly packageName?: string
  /** Why this peer cannot run here; undefined when it can. */
  available(): string | undefined
  start(context: PeerContext): Promise<RunningPeer>
}

export interface PeerContext {
  readonly backend: Backend
  readonly certificates: CertificateFiles
  /** A folder of this peer's own. */
  readonly folder: string
}

/** An entry that forwards to one fixed backend, so requests need nothing special. */
export function plainEntry(port: number): Entry {
  return { host: '127.0.0.1', port, targetPrefix: '', headers: {} }
}
