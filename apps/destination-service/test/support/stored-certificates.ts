import type { CertificateStore, Level } from '@landbridge/destinations'

const subaccount: Level = { kind: 'subaccount', subaccountId: '11111111-1111-4111-8111-111111111111', instanceId: '' }

/** Puts certificates into the store directly, also such as the API would refuse. */
export class StoredCertificates {
  readonly #store: CertificateStore

  constructor(store: CertificateStore) {
    this.#store = store
  }

  /** Keeps or replaces a certificate, on the provider's subaccount level unless told otherwise. */
  async put(name: string, content: Buffer | string, level: Level = subaccount): Promise<void> {
    const bytes = Buffer.from(content)
    const replaced = await this.#store.replace(level, name, bytes)
    if (replaced === undefined) await this.#store.create(level, name, bytes)
  }
}
