import { errorArea } from './entry.ts'

/** Errors of identity propagation in the connector: a request with a user whom its backend would not get to know. */
export const propagationErrors = errorArea({
  PROPAGATION_TOKEN: {
    http: 401,
    level: 'warn',
    retry: 'never',
    title: 'The Cloud Connector cannot read the token of the propagated user',
    remedy:
      'Caller: send the unchanged token of the user; it must be a JWT signed with RS, PS or ES, and valid already.',
    show: ['reason', 'algorithm', 'claim', 'validFrom'],
  },
  PROPAGATION_SIGNATURE: {
    http: 401,
    level: 'warn',
    retry: 'never',
    title: 'The signature of the token of the propagated user is not valid',
    remedy: 'Caller: send the unchanged token. Nothing was sent to the internal system.',
    show: [],
  },
  PROPAGATION_KEY: {
    http: 401,
    level: 'warn',
    retry: 'later',
    title: 'The Cloud Connector does not know the key that signed the token of the propagated user',
    remedy:
      'On-premise administrator: synchronise the trust configuration of the subaccount; its identity provider may have new keys.',
    show: ['keyId'],
  },
  PROPAGATION_EXPIRED: {
    http: 401,
    level: 'info',
    retry: 'never',
    title: 'The token of the propagated user has expired',
    remedy:
      'Caller: fetch a new token. On-premise administrator: the expiration tolerance is part of the settings of principal propagation.',
    show: ['expiredAt'],
  },
  PROPAGATION_ISSUER: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The Cloud Connector does not trust the identity provider of the propagated user',
    remedy:
      'On-premise administrator: synchronise the trust configuration of the subaccount and switch on the identity provider.',
    show: ['issuer'],
  },
  PROPAGATION_TENANT: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The token of the propagated user belongs to another subaccount',
    remedy: 'Caller: use a token of the subaccount to which the Cloud Connector is connected.',
    show: [],
  },
  PROPAGATION_SUBJECT: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The subject pattern yields no usable name for the propagated user',
    remedy:
      'On-premise administrator: adapt the subject patterns of principal propagation, for example with a rule for tokens without this attribute.',
    show: ['reason'],
  },
  PROPAGATION_NO_AUTHORITY: {
    http: 502,
    level: 'error',
    retry: 'never',
    title: 'The Cloud Connector has no certificate authority for principal propagation',
    remedy: 'On-premise administrator: create or import the CA certificate for principal propagation.',
    show: [],
  },
  PROPAGATION_AUTHORITY_EXPIRED: {
    http: 502,
    level: 'error',
    retry: 'never',
    title: 'The CA certificate for principal propagation has expired',
    remedy: 'On-premise administrator: replace the CA certificate and let the internal systems trust the new one.',
    show: [],
  },
  PROPAGATION_NOT_ASKED: {
    http: 502,
    level: 'warn',
    retry: 'never',
    title: 'The internal system did not ask for the certificate of the propagated user',
    remedy:
      'On-premise administrator: let the internal system request client certificates in the TLS handshake, or give the Cloud Connector a system certificate; users are then named in a header. Nothing was sent to the internal system.',
    show: ['system'],
  },
  PROPAGATION_REFUSED: {
    http: 502,
    level: 'warn',
    retry: 'never',
    title: 'The internal system refused the certificate of the propagated user',
    remedy:
      'On-premise administrator: let the internal system trust the CA certificate for principal propagation, and compare the clocks.',
    show: ['system', 'reason'],
  },
  PROPAGATION_KERBEROS: {
    http: 502,
    level: 'warn',
    retry: 'never',
    title: 'The Cloud Connector has no Kerberos configuration',
    remedy:
      'On-premise administrator: configure realm, service user, key table and KDC hosts, or choose X.509 certificates as principal type of the system mapping.',
    show: [],
  },
  KERBEROS_USER: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The propagated user has no name in the Kerberos realm',
    remedy:
      'On-premise administrator: let the subject rules give a common name without realm, or with the configured one.',
    show: ['user', 'realm'],
  },
  KERBEROS_TICKET: {
    http: 502,
    level: 'warn',
    retry: 'never',
    title: 'The KDC gives no ticket with which the user could log on at the internal system',
    remedy:
      'On-premise administrator: the user must exist in the realm, and the service user must be allowed to delegate to the service HTTP of the internal host.',
    show: ['service', 'reason'],
  },
  KERBEROS_UNAVAILABLE: {
    http: 502,
    level: 'error',
    retry: 'later',
    title: 'The Cloud Connector cannot use Kerberos on this machine',
    remedy: 'On-premise administrator: install the GSSAPI library of MIT Kerberos (Debian: libgssapi-krb5-2).',
    show: ['reason'],
  },
  PROPAGATION_PATTERN_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The subject patterns are not valid',
    remedy:
      'On-premise administrator: order the rules; all but the last need a condition, subjects look like "CN=${name},O=Corp".',
    show: ['rule', 'reason'],
  },
  CONNECTOR_KERBEROS_NOT_FOUND: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'Kerberos is not configured',
    remedy: 'On-premise administrator: send realm, service user, key table and KDC hosts with PUT.',
    show: [],
  },
  CONNECTOR_SNC_NOT_FOUND: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'Secure network communication (SNC) is not configured',
    remedy: 'On-premise administrator: send library name and quality of protection with PUT.',
    show: [],
  },
  CONNECTOR_OWN_CERTIFICATE_NOT_FOUND: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'This connector has no such certificate',
    remedy: 'On-premise administrator: create it or import it.',
    show: ['certificate'],
  },
})
