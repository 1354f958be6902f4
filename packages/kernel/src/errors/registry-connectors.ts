import { errorArea } from './entry.ts'

/** Errors of pairing, of connected connectors and of the tunnels that they are asked to open. */
export const registryConnectorErrors = errorArea({
  PAIRING_CREDENTIALS_WRONG: {
    http: 401,
    level: 'info',
    retry: 'never',
    title: 'User name or password is wrong',
    remedy:
      'Connector administrator: enter the e-mail address and password of a user of this subaccount. Nothing was changed.',
    show: [],
  },
  PAIRING_ROLE_MISSING: {
    http: 403,
    level: 'info',
    retry: 'never',
    title: 'The user may not connect a Cloud Connector to this subaccount',
    remedy:
      'Subaccount administrator: give the user a role collection that contains the role Cloud Connector Administrator, for example "Cloud Connector Administrator".',
    show: ['needed'],
  },
  PAIRING_ATTEMPTS_EXCEEDED: {
    http: 429,
    level: 'warn',
    retry: 'later',
    title: 'Too many failed attempts to log on',
    remedy: 'Connector administrator: wait for the given time, then try again with the right password.',
    show: ['retryAfterSeconds'],
  },
  LOCATION_ID_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The location ID is not valid',
    remedy:
      'Connector administrator: use at most 189 letters, digits, hyphens, dots, underscores and tildes; leave it empty for the default location.',
    show: ['reason'],
  },
  CONNECTOR_CERTIFICATE_MISSING: {
    http: 401,
    level: 'info',
    retry: 'never',
    title: 'The connector sent no client certificate',
    remedy:
      'Connector administrator: connect with the subaccount certificate; a proxy in between must not end the TLS connection.',
    show: [],
  },
  CONNECTOR_CERTIFICATE_UNTRUSTED: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The client certificate was not issued by this platform',
    remedy: 'Connector administrator: check the region host and pair the subaccount again.',
    show: ['reason'],
  },
  CONNECTOR_CERTIFICATE_EXPIRED: {
    http: 403,
    level: 'info',
    retry: 'never',
    title: 'The subaccount certificate has expired',
    remedy: 'Connector administrator: refresh the subaccount certificate; user and password are asked for.',
    show: ['notAfter'],
  },
  CONNECTOR_CERTIFICATE_REVOKED: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The subaccount certificate has been revoked',
    remedy: 'Connector administrator: ask the operator for the reason, then refresh the subaccount certificate.',
    show: ['reason'],
  },
  CONNECTOR_CERTIFICATE_UNKNOWN: {
    http: 404,
    level: 'warn',
    retry: 'never',
    title: 'No connector certificate with this fingerprint was issued',
    remedy: 'Connector administrator: pair the subaccount again. Operator: list the issued certificates.',
    show: ['fingerprint'],
  },
  CONNECTOR_HELLO_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The first message of the connector is not valid',
    remedy: 'Connector administrator: update the connector to a version that this platform supports.',
    show: ['field', 'reason'],
  },
  CONNECTOR_IDENTITY_MISMATCH: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'The connector claims an identity that its certificate does not prove',
    remedy: 'Connector administrator: pair the subaccount again from this installation.',
    show: ['field'],
  },
  CONNECTOR_LOCATION_TAKEN: {
    http: 409,
    level: 'info',
    retry: 'later',
    title: 'Another connector is connected with this location ID',
    remedy:
      'Connector administrator: choose another location ID, disconnect the other connector, or switch on load sharing in all connectors of this location.',
    show: ['locationId', 'connectorId'],
  },
  CONNECTOR_REPLACED: {
    http: 409,
    level: 'info',
    retry: 'later',
    title: 'The connector has opened a newer session',
    remedy:
      'Connector administrator: nothing, unless two installations share one identity; then pair one of them again.',
    show: [],
  },
  CONNECTOR_SESSION_LOST: {
    http: 503,
    level: 'warn',
    retry: 'now',
    title: 'The session of the connector is no longer registered',
    remedy: 'Connector administrator: nothing, the connector reconnects by itself.',
    show: [],
  },
  CONNECTOR_SERVICE_STOPPING: {
    http: 503,
    level: 'info',
    retry: 'now',
    title: 'The connectivity service is stopping',
    remedy: 'Connector administrator: nothing, the connector reconnects by itself.',
    show: [],
  },
  CONNECTOR_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no connector with this ID',
    remedy: 'Operator: list the connectors of the subaccount and repeat the request with one of them.',
    show: ['connectorId'],
  },
  TUNNEL_CALLER_FORBIDDEN: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'This client may not open tunnels to this subaccount',
    remedy:
      'Operator: use a binding of a connectivity_proxy instance, or of a connectivity instance in the same subaccount.',
    show: ['subaccountId'],
  },
})
