import { UserCertificateAuthority } from '@landbridge/identity'
import type { Clock, Log } from '@landbridge/kernel'
import type { KerberosSettings, KerberosTickets } from './kerberos.ts'
import { defaultPropagationSettings, type PropagationSettings, type PropagationSetup } from './settings.ts'
import { SubjectPatterns } from './subject-pattern.ts'
import { UserCertificates } from './user-certificates.ts'

/** The settings in the form in which requests use them; replaced as a whole when one of them changes. */
export interface ActivePropagation {
  readonly settings: PropagationSettings
  readonly patterns: SubjectPatterns
  /** Null without a usable authority. */
  readonly certificates: UserCertificates | null
  readonly kerberos: KerberosSettings | null
  readonly hasSystemCertificate: boolean
}

/** What all subaccounts of a connector share of identity propagation: rules, authority and issued certificates. */
export class Propagator {
  readonly clock: Clock
  /** Null where this process cannot get tickets. */
  readonly tickets: KerberosTickets | null
  readonly log: Log
  #setup: PropagationSetup | undefined
  #active: ActivePropagation

  constructor(clock: Clock, log: Log, tickets: KerberosTickets | null = null) {
    this.clock = clock
    this.tickets = tickets
    this.log = log
    this.#setup = undefined
    this.#active = {
      settings: defaultPropagationSettings,
      patterns: new SubjectPatterns(defaultPropagationSettings.subjectRules),
      certificates: null,
      kerberos: null,
      hasSystemCertificate: false,
    }
  }

  get active(): ActivePropagation {
    return this.#active
  }

  /** Takes over new settings from the next request on. Without a difference everything stays, certificates included. */
  configure(setup: PropagationSetup | undefined): void {
    const next = setup ?? { settings: defaultPropagationSettings, hasSystemCertificate: false }
    const before = this.#setup
    if (before !== undefined && isSame(before, next)) return
    this.#setup = next
    const { settings, authority, kerberos = null, hasSystemCertificate } = next
    const keeps =
      before?.authority?.cert === authority?.cert &&
      before?.settings.certificateValidityMinutes === settings.certificateValidityMinutes &&
      before.hasSystemCertificate === hasSystemCertificate
    this.#active = {
      settings,
      patterns: new SubjectPatterns(settings.subjectRules),
      certificates: keeps ? this.#active.certificates : this.#load(next),
      kerberos,
      hasSystemCertificate,
    }
  }

  #load({ authority, settings, hasSystemCertificate }: PropagationSetup): UserCertificates | null {
    if (authority === undefined) return null
    const carrier = hasSystemCertificate ? 'header' : 'handshake'
    try {
      const loaded = UserCertificateAuthority.load(authority.cert, authority.key)
      loaded
        .prepare(carrier === 'header' ? 'issue' : 'issueLogon')
        .catch((failure: unknown) => this.log.error('propagation.authority.unusable', {}, failure))
      return new UserCertificates(loaded, settings.certificateValidityMinutes, this.clock, carrier)
    } catch (failure) {
      this.log.error('propagation.authority.unusable', {}, failure)
      return null
    }
  }
}

function isSame(a: PropagationSetup, b: PropagationSetup): boolean {
  return (
    a.settings === b.settings &&
    a.authority?.cert === b.authority?.cert &&
    a.kerberos === b.kerberos &&
    a.hasSystemCertificate === b.hasSystemCertificate
  )
}
