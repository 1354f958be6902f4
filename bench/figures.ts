import type { Machine } from './host/machine.ts'

/** Median figures of the small request at one number of connections. */
export interface RequestFigures {
  readonly connections: number
  readonly rounds: number
  readonly requestsPerSecond: number
  readonly p50Us: number
  readonly p99Us: number
  /** Processor seconds per million requests, by role of the process. */
  readonly cpuSecondsPerMillion: Readonly<Record<string, number>>
  /** Highest resident memory under this load, by role of the process. */
  readonly peakMemoryMb: Readonly<Record<string, number>>
  /** What the medians are of, by the number of the pass. */
  readonly passes: Readonly<Record<string, PassFigures>>
}

/** One run of the load generator. Those of one pass follow each other: they met the same machine. */
export interface PassFigures {
  readonly requestsPerSecond: number
  readonly p50Us: number
}

/** Median speed of one large body on one connection, MB (10^6 bytes) per second. */
export interface BulkFigures {
  readonly bytes: number
  readonly rounds: number
  readonly downMbPerSecond: number
  readonly upMbPerSecond: number
  /** Processor seconds per 10^9 bytes, both directions together, by role of the process. */
  readonly cpuSecondsPerGb: Readonly<Record<string, number>>
  readonly peakMemoryMb: Readonly<Record<string, number>>
}

/** Many virtual connections open at once. */
export interface HoldFigures {
  readonly wanted: number
  readonly opened: number
  readonly answered: number
  readonly openSeconds: number
  readonly memoryMb: Readonly<Record<string, number>>
  /** Memory that one open virtual connection costs, by role of the process. */
  readonly kbPerConnection: Readonly<Record<string, number>>
}

export interface SubjectFigures {
  readonly description: string
  /**
   * By number of connections; '64-free' where the kernel decides which processes share a processor, '1-together' where all
   * are on one.
   */
  readonly requests: Readonly<Record<string, RequestFigures>>
  /** Median latency at one connection minus that of the backend without a proxy. */
  readonly addedMedianLatencyUs?: number
  /** The same with all processes on one processor. */
  readonly addedTogetherUs?: number
  readonly bulk?: BulkFigures
  readonly hold?: HoldFigures
}

/** One operation of the destination service under load. */
export interface LookupFigures {
  readonly requestsPerSecond: number
  readonly medianUs: number
  readonly p99Us: number
  /** Processor time of the service; that of a database server is not in it. */
  readonly cpuUsPerRequest: number
}

/** The destination service on one database. */
export interface DestinationFigures {
  readonly connections: number
  /** Finding one destination whose token is in memory, by the number of destinations in the store. */
  readonly bySize: Readonly<Record<string, LookupFigures>>
  readonly listEntries: number
  /** Listing `listEntries` destinations, on one connection. */
  readonly list?: LookupFigures
  /** Median time of a lookup in the largest store divided by that in the smallest: 1 is flat. */
  readonly growthRatio: number
  /** The same for the processor time of the service. */
  readonly cpuGrowthRatio: number
}

/** Small requests at one number of connections. */
export interface PropagationLoad {
  readonly requestsPerSecond: number
  readonly medianUs: number
  readonly p99Us: number
  readonly cpuUsPerRequest: { readonly cloud: number; readonly connector: number }
}

/** What it costs that users arrive at a system. */
export interface PropagationFigures {
  readonly connections: number
  readonly userCount: number
  /** No user, plain HTTP to the system. */
  readonly plain: PropagationLoad
  /** No user, mutual TLS to the system. */
  readonly secure: PropagationLoad
  /** A user in each request, another one each time, mutual TLS to the system. */
  readonly users: PropagationLoad
  /** Requests per second with users divided by those without, over plain HTTP and over TLS. */
  readonly ratioToPlain: number
  readonly ratioToSecure: number
}

/** Access control with very many entries. */
export interface AccessScaleFigures {
  readonly mappings: number
  readonly resources: number
  /** Mean time of one decision with a handful of mappings, and with all of them. */
  readonly decisionNs: { readonly few: number; readonly many: number }
  readonly addedUs: number
  /** Compiling the whole table, and again after one of its mappings changed. */
  readonly compileMs: number
  readonly changeMs: number
  /** From the start of the process until it is ready, with an empty configuration and with all of it. */
  readonly startSeconds: { readonly empty: number; readonly full: number }
  readonly memoryMb: { readonly empty: number; readonly full: number }
}

/** Our figures divided by those of one peer: above 1 we are ahead. */
export interface Ratios {
  readonly requests1?: number
  readonly requests16?: number
  readonly requests64?: number
  readonly requests256?: number
  /** At 64 connections where the kernel decides which processes share a processor. */
  readonly requests64Free?: number
  readonly bulkDown?: number
  readonly bulkUp?: number
  /** Processor time of the peer's processes divided by that of ours, per request at 64 connections. */
  readonly cpuPerRequest64?: number
  /** The same per byte of a large body. */
  readonly cpuPerByte?: number
}

/** A bar of budgets.json compared with this run. */
export interface BarResult {
  readonly id: string
  readonly text: string
  readonly wanted: string
  readonly measured: number | null
  readonly verdict: 'pass' | 'fail' | 'not measured'
}

/** Everything that one run found out: the JSON of `--json`. */
export interface Report {
  readonly format: 'landbridge-bench/1'
  readonly date: string
  readonly mode: 'full' | 'quick'
  readonly seconds: number
  readonly machine: Machine
  /** Why processes that talk to each other could not be kept apart; absent when they were. */
  readonly notPlaced?: string
  /** Share of all processor time that others used while the figures were taken, 0 to 1. */
  readonly usedByOthers: number
  readonly versions: Readonly<Record<string, string>>
  readonly loadGenerator: string
  readonly webServer: string
  readonly subjects: Readonly<Record<string, SubjectFigures>>
  readonly ratios: Readonly<Record<string, Ratios>>
  /** The destination service, by database. */
  readonly destinations: Readonly<Record<string, DestinationFigures>>
  readonly propagation?: PropagationFigures
  readonly accessScale?: AccessScaleFigures
  readonly bars: readonly BarResult[]
  /** What was left out, with the reason. */
  readonly skipped: Readonly<Record<string, string>>
}
