/** Tables of the token service. */
export interface IdentityTables {
  identity_signing_key: SigningKeyRow
  identity_single_use: SingleUseRow
}

export interface SigningKeyRow {
  readonly generation: number
  readonly key_id: string
  readonly algorithm: string
  /** PKCS#8 PEM, sealed in the context `signing-key:<key_id>`. */
  readonly private_key: string
  readonly created_at: number
  readonly active_from: number
}

export interface SingleUseRow {
  readonly id: string
  /** Milliseconds; the row may go after this time. */
  readonly until_time: number
}
