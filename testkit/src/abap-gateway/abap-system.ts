/** A parameter of a function module as its callers see it. */
export interface AbapParameter {
  /** Import, export, changing, table. */
  readonly kind: 'I' | 'E' | 'C' | 'T'
  readonly name: string
  /** Characters of a CHAR field. */
  readonly length: number
}

/** What a function module is called with. */
export interface AbapCall {
  readonly client: string
  readonly user: string
  /** Text of an import; '' when it was not given. */
  text(name: string): string
  /** Bytes of an import. */
  bytes(name: string): Buffer
  /** State of the session: it lives until the connection ends or is reset. */
  readonly session: Map<string, string>
  /** Aborted when the caller's connection ends. */
  readonly signal: AbortSignal
}

export interface AbapTable {
  readonly rowBytes: number
  readonly rows: readonly Buffer[]
}

export type AbapResult =
  | {
      readonly kind: 'done'
      readonly exports?: Readonly<Record<string, string | Buffer>>
      readonly tables?: Readonly<Record<string, AbapTable>>
    }
  | { readonly kind: 'exception'; readonly key: string }
  | { readonly kind: 'close' }

export interface AbapFunction {
  readonly parameters: readonly AbapParameter[]
  run(call: AbapCall): AbapResult | Promise<AbapResult>
}

export interface AbapUser {
  readonly client: string
  readonly user: string
  readonly password: string
}

/** What the emulated gateway stands in front of. */
export interface AbapSystem {
  readonly systemId: string
  readonly users: readonly AbapUser[]
  readonly functions: Readonly<Record<string, AbapFunction>>
}

export const done: AbapResult = { kind: 'done' }
