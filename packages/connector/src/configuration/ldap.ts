import type { Secret } from '@landbridge/kernel'

/** Users and roles of a directory instead of the local user (guide L22358), with the names of the wire. */
export interface LdapSettings {
  /** `name="value" …` as in the realm of the original (guide L28646). */
  readonly config: string
  /** The first is asked first. */
  readonly hosts: readonly LdapHost[]
  /** Who searches; absent: nobody in particular. */
  readonly user?: string
  readonly password?: Secret
  readonly customAdminRole?: string
  readonly customDisplayRole?: string
  readonly customMonitoringRole?: string
  readonly customSupportRole?: string
}

export interface LdapHost {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}
