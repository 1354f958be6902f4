/** The tables of the area `destinations`. */
export interface DestinationTables {
  destination: DestinationRow
  level_entry: LevelEntryRow
  destination_trust: DestinationTrustRow
  destination_token: DestinationTokenRow
}

export interface DestinationRow {
  id: string
  subaccount_id: string
  /** Empty on subaccount level, so that the unique key covers it. */
  instance_id: string
  /** `subaccount`, `instance` or `subscription`. */
  level: string
  name: string
  /** Name of the destination on the same level that provides the client assertion, if any. */
  assertion_provider: string | null
  /** All properties as JSON, sealed: any of them may be a secret. */
  properties: string
  /** JSON; null means none. */
  labels: string | null
  etag: string
  created_at: number
  modified_at: number
}

/** Certificates and fragments: named content of a level that the database itself does not look into. */
export interface LevelEntryRow {
  id: string
  /** `certificate`, `fragment` or `authority`. */
  kind: string
  subaccount_id: string
  /** Empty on subaccount level, so that the unique key covers it. */
  instance_id: string
  level: string
  name: string
  /** JSON, sealed: it holds private keys and passwords. */
  content: string
  /** JSON; null means none. */
  labels: string | null
  etag: string
  renew_at: number | null
  expires_at: number | null
  created_at: number
  modified_at: number
}

export interface DestinationTrustRow {
  subaccount_id: string
  /** Certificate and private key as JSON, sealed; null when there is none. */
  active_pair: string | null
  passive_pair: string | null
  modified_at: number
}

/** What token services granted, for the other replicas. */
export interface DestinationTokenRow {
  /** Digest of everything that makes the token. */
  key: string
  /** JSON, sealed; null while nobody has got one. */
  token: string | null
  renew_at: number
  expires_at: number
  /** Until then one replica is fetching the token; 0 when none is. */
  claimed_until: number
}
