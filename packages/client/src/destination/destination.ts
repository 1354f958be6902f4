import { inspect } from 'node:util'
import type { FindOptions } from './find-options.ts'
import { type KeyStore, storeOf } from './key-store.ts'

/** A token that the destination service got for a destination, with the header that carries it. */
export interface AuthToken {
  readonly type: string
  readonly value: string
  readonly header?: { readonly name: string; readonly value: string }
  /** Lifetime from the moment of the answer; absent for what has none. */
  readonly expiresInSeconds?: number
  readonly scope?: string
  readonly refreshToken?: string
  /** Why there is no token. */
  readonly error?: string
}

/** A key store or trust store that a destination names. */
export interface StoredCertificate {
  readonly name: string
  readonly type: string
  readonly content: Buffer
}

/** What a find answer holds. */
export interface FoundDestination {
  readonly owner: { readonly subaccountId?: string; readonly instanceId?: string }
  readonly properties: Readonly<Record<string, string>>
  readonly authTokens: readonly AuthToken[]
  readonly certificates: readonly StoredCertificate[]
}

/** A destination as it was found: a snapshot that never changes. Holds secrets; its JSON form leaves them out. */
export class Destination {
  readonly name: string
  /** How it was looked up, to look it up again. */
  readonly options: FindOptions
  readonly owner: FoundDestination['owner']
  readonly authTokens: readonly AuthToken[]
  readonly certificates: readonly StoredCertificate[]
  readonly #properties: Readonly<Record<string, string>>

  constructor(name: string, options: FindOptions, found: FoundDestination) {
    this.name = name
    this.options = options
    this.owner = found.owner
    this.authTokens = found.authTokens
    this.certificates = found.certificates
    this.#properties = found.properties
  }

  /** A property as it is stored, for example `Authentication`; undefined if it has none of this name. */
  getProperty(key: string): string | undefined {
    return Object.hasOwn(this.#properties, key) ? this.#properties[key] : undefined
  }

  /** All properties as they are stored, credentials included. The copy belongs to the caller. */
  getAllProperties(): Record<string, string> {
    return { ...this.#properties }
  }

  get url(): string | undefined {
    return this.getProperty('URL')
  }

  get authentication(): string {
    return this.getProperty('Authentication') ?? 'NoAuthentication'
  }

  get isOnPremise(): boolean {
    return this.getProperty('ProxyType') === 'OnPremise'
  }

  /** Which Cloud Connector; empty for the one without a location ID. */
  get locationId(): string {
    return this.getProperty('CloudConnectorLocationId') ?? ''
  }

  /**
   * The store that `KeyStoreLocation` names, decoded, with its password; undefined if the destination names none.
   * @throws PlatformError CLIENT_KEY_STORE_UNUSABLE when it names one that did not come with it
   */
  getKeyStore(): KeyStore | undefined {
    return storeOf(this, 'KeyStoreLocation', 'KeyStorePassword')
  }

  /** The store that `TrustStoreLocation` names; as getKeyStore. */
  getTrustStore(): KeyStore | undefined {
    return storeOf(this, 'TrustStoreLocation', 'TrustStorePassword')
  }

  toJSON(): object {
    const { name, url, authentication, locationId } = this
    return { name, url, authentication, locationId, proxyType: this.getProperty('ProxyType') }
  }

  [inspect.custom](): object {
    return this.toJSON()
  }
}
