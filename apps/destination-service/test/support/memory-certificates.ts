import { randomBytes } from 'node:crypto'
import type { CertificateStore, Level, StoredCertificate } from '@landbridge/destinations'

const subaccount: Level = { kind: 'subaccount', subaccountId: '11111111-1111-4111-8111-111111111111', instanceId: '' }

/** Certificates in memory, where the store is not what a test is about. */
export class MemoryCertificates implements Pick<CertificateStore, 'find'> {
  readonly #stored: Map<string, StoredCertificate>

  constructor() {
    this.#stored = new Map()
  }

  /** Keeps a certificate, on the provider's subaccount level unless told otherwise. */
  put(name: string, content: Buffer | string, level: Level = subaccount): void {
    const etag = randomBytes(32).toString('hex')
    this.#stored.set(keyOf(level, name), { level, name, content: Buffer.from(content), etag, modifiedAtMs: 0 })
  }

  async find(level: Level, name: string): Promise<StoredCertificate | undefined> {
    return this.#stored.get(keyOf(level, name))
  }
}

function keyOf({ kind, subaccountId, instanceId }: Level, name: string): string {
  return JSON.stringify([kind, subaccountId, instanceId, name])
}
