import type { KerberosSettings } from '@landbridge/connector'

/**
 * What MIT Kerberos needs to know (krb5.conf). KDCs are tried in their order. Nothing comes from DNS, neither realm nor
 * names of hosts: tickets are for the internal host of the mapping as it is written. S4U2Proxy needs tickets that may be
 * forwarded.
 */
export function krb5Configuration({ realm, kdcHosts }: Pick<KerberosSettings, 'realm' | 'kdcHosts'>): string {
  return `[libdefaults]
  default_realm = ${realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  forwardable = true
  udp_preference_limit = 1
  allow_weak_crypto = false
  allow_rc4 = true
[realms]
  ${realm} = {
${kdcHosts.map((host) => `    kdc = ${host}`).join('\n')}
  }
`
}
