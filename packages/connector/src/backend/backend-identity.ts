import type { Secret } from '@landbridge/kernel'

/** What a TLS client logs on with. */
export interface ClientCertificate {
  /** PEM chain, leaf first. */
  readonly cert: string
  /** PEM. */
  readonly key: Secret
  readonly keyType: 'rsa' | 'ec'
}

/**
 * The user on whose behalf a request goes to a backend. Requests of one identity never go over connections of another
 * one, nor over those of the connector itself.
 */
export interface BackendIdentity {
  /** Tells identities apart. With a certificate there is one identity for each certificate, not only for each user. */
  readonly name: string
  /** Who that is, for people. */
  readonly user: string
  /** Shown in the TLS handshake instead of the connector's own; null: the user is named in the request. */
  readonly certificate: ClientCertificate | null
}
