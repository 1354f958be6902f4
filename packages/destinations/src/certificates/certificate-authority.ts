import { certificateFacts, LocalCa } from '@landbridge/identity'
import type { Clock } from '@landbridge/kernel'

/** Keeps the authority that signs generated certificates. It is not the one of the tunnels: nothing here opens one. */
export interface AuthorityStore {
  find(): Promise<KeptAuthority | undefined>
  /** Puts `next` in the place of `former` (nothing at first); false when somebody else was faster. */
  replace(next: KeptAuthority, former: KeptAuthority | undefined): Promise<boolean>
}

export interface KeptAuthority {
  readonly certificate: string
  /** PEM (PKCS#8). */
  readonly key: string
}

const dayMs = 86_400_000
/** A leaf must not outlive its authority. */
const spareDays = 35

/** The authority of generated certificates, made when it is needed first and anew before it grows too old. */
export class CertificateAuthorities {
  readonly #store: AuthorityStore
  readonly #clock: Clock
  readonly #commonName: string
  readonly #longestLeafDays: number

  /** @param longestLeafDays no leaf of the authority lives longer */
  constructor(
    store: AuthorityStore,
    clock: Clock,
    commonName = 'Landbridge destination certificates',
    longestLeafDays = 365,
  ) {
    this.#store = store
    this.#clock = clock
    this.#commonName = commonName
    this.#longestLeafDays = longestLeafDays
  }

  async current(): Promise<LocalCa> {
    for (;;) {
      const kept = await this.#store.find()
      if (kept !== undefined && this.#isYoung(kept)) return LocalCa.load(kept.certificate, kept.key, this.#clock)
      const made = await LocalCa.create({
        subject: { CN: this.#commonName, O: 'Landbridge' },
        clock: this.#clock,
      })
      const next = { certificate: made.certificatePem, key: made.keyPem.reveal() }
      if (await this.#store.replace(next, kept)) return made
    }
  }

  #isYoung({ certificate }: KeptAuthority): boolean {
    return (
      certificateFacts(certificate).notAfter.getTime() - this.#clock.now() > (this.#longestLeafDays + spareDays) * dayMs
    )
  }
}
