/** The parts of an OpenAPI 3.1 document that the page shows. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly description?: string }
  /** By path, then by method in lower case. */
  readonly paths?: Readonly<Record<string, Readonly<Record<string, ApiOperation>> | undefined>>
}

export interface ApiOperation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly ApiParameter[]
  readonly requestBody?: { readonly content: ApiContent }
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: ApiContent }>>
  readonly security?: readonly object[]
}

export interface ApiParameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: ApiSchema
}

/** By media type. */
export type ApiContent = Readonly<Record<string, { readonly schema?: ApiSchema }>>

/** A JSON schema, as far as the page can put it into words. */
export interface ApiSchema {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly ApiSchema[]
  readonly items?: ApiSchema
  readonly properties?: Readonly<Record<string, ApiSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
}
