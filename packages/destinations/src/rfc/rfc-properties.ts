// What is known of each property of an RFC destination (guide L9973-10460): form and default.

export interface RfcProperty {
  /** What a value must match. */
  readonly pattern?: RegExp
  /** Follows "property … must". */
  readonly must?: string
  /** What its absence means; undefined when nothing or the ABAP system decides. */
  readonly absent?: string
}

const word: RfcProperty = { pattern: /^[^\s\p{Cc}]+$/u, must: 'not contain blanks or control characters' }
const zeroOrOne = (absent: string): RfcProperty => ({ pattern: /^[01]$/, must: 'be 0 or 1', absent })
const count = (absent?: string): RfcProperty => ({
  pattern: /^\d{1,9}$/,
  must: 'be a whole number from 0 to 999999999',
  ...(absent === undefined ? {} : { absent }),
})
const oneOf = (values: readonly string[], absent: string): RfcProperty => ({
  pattern: new RegExp(`^(?:${values.join('|')})$`),
  must: `be ${values.join(' or ')}`,
  absent,
})

/** Properties by their key; whatever else begins with `jco.` is stored and returned as it is. */
export const rfcProperties: Readonly<Record<string, RfcProperty>> = {
  'jco.client.client': { pattern: /^\d{3}$/, must: 'have three digits' },
  'jco.client.lang': {
    pattern: /^(?:[A-Za-z]{2}|[^\s\p{Cc}])$/u,
    must: 'be a language code of two letters (ISO 639) or of one character (SAP)',
  },
  'jco.client.user': { pattern: /^.{1,12}$/u, must: 'have 12 characters at most' },
  'jco.client.alias_user': { pattern: /^.{1,40}$/u, must: 'have 40 characters at most' },
  'jco.client.passwd': { pattern: /^.{1,40}$/u, must: 'have 40 characters at most' },
  'jco.client.tls_client_certificate_logon': zeroOrOne('0'),
  'jco.destination.auth_type': oneOf(
    ['CONFIGURED_USER', 'PrincipalPropagation', 'TechnicalUserPropagation'],
    'CONFIGURED_USER',
  ),
  'jco.destination.pool_capacity': count('1'),
  'jco.destination.peak_limit': count(),
  'jco.destination.max_get_client_time': count('30000'),
  'jco.destination.expiration_time': count('60000'),
  'jco.destination.expiration_check_period': count('60000'),
  'jco.destination.pool_check_connection': zeroOrOne('0'),
  'jco.destination.proxy_type': oneOf(['OnPremise', 'Internet'], ''),
  'jco.client.ashost': word,
  'jco.client.sysnr': { pattern: /^\d{2}$/, must: 'have two digits' },
  'jco.client.mshost': word,
  'jco.client.group': { absent: 'PUBLIC' },
  'jco.client.r3name': { pattern: /^[A-Za-z0-9]{3}$/, must: 'have three letters or digits' },
  'jco.client.msserv': word,
  'jco.client.wshost': word,
  'jco.client.wsport': {
    pattern: /^(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
    must: 'be a port from 1 to 65535',
  },
  'jco.client.tls_trust_all': zeroOrOne('0'),
  'jco.client.trace': zeroOrOne('0'),
  'jco.client.codepage': { pattern: /^\d{4}$/, must: 'have four digits', absent: '1100' },
  'jco.client.delta': zeroOrOne('1'),
  'jco.client.cloud_connector_version': { pattern: /^2$/, must: 'be 2', absent: '2' },
  'jco.client.serialization_format': oneOf(['columnBased', 'rowBased'], 'rowBased'),
  'jco.client.network': oneOf(['WAN', 'LAN'], 'LAN'),
}
