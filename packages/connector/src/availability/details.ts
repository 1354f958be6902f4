import type { AuthenticationMode } from '@landbridge/access'
import type { AvailabilityDetail, TlsFinding } from './availability.ts'

export function warning(code: string, text: string): AvailabilityDetail {
  return { level: 'warning', code, text }
}

export function hint(code: string, text: string): AvailabilityDetail {
  return { level: 'hint', code, text }
}

export function info(code: string, text: string): AvailabilityDetail {
  return { level: 'info', code, text }
}

/** Why there is no connection, by the symbolic name of the error. */
export function failureDetail(failure: string, host: string, port: number | string): AvailabilityDetail {
  const place = `${host}:${port}`
  switch (failure) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return warning(
        'HOST_UNKNOWN',
        `The name ${host} cannot be resolved on this machine (${failure}): check its spelling and the name servers.`,
      )
    case 'ECONNREFUSED':
      return warning(
        'REFUSED',
        `Nothing accepts connections at ${place}: check the port and that the system is running.`,
      )
    case 'ETIMEDOUT':
      return warning('NO_ANSWER', `No answer from ${place} in time: check the firewalls between here and the system.`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return warning(
        'NO_ROUTE',
        `There is no way from this machine to ${host} (${failure}): check routes and firewalls.`,
      )
    case 'ECONNRESET':
    case 'EPIPE':
      return warning('CLOSED', `${place} closed the connection before it could be used: check protocol and port.`)
  }
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE)$/.test(failure))
    return warning(
      'NO_TLS',
      `${place} does not speak TLS (${failure}): choose the protocol without TLS, or another port.`,
    )
  return warning('FAILED', `The connection to ${place} failed: ${failure}.`)
}

/** The certificate of the internal system is not trusted. */
export function distrustDetail(reason: string, isTrustedAnyway: boolean, host: string): AvailabilityDetail {
  if (isTrustedAnyway)
    return hint(
      'TRUSTED_UNCHECKED',
      `The certificate of the system is accepted unchecked (${reason}), because all backends are trusted.`,
    )
  const remedy =
    reason === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? `it does not carry the name ${host}: use a name of the certificate as internal host`
      : 'add the authority that issued it to the trust store'
  return warning('UNTRUSTED', `The certificate of the system is not trusted (${reason}): ${remedy}.`)
}

/** What came of client authentication, and what that means for principal propagation. */
export function clientCertificateDetails(
  { isRequested, isRequired, isAccepted }: TlsFinding,
  hasCertificate: boolean,
  failure: string | undefined,
  mode: AuthenticationMode,
): readonly AvailabilityDetail[] {
  if (!isRequested) {
    const text = 'The system did not ask for a client certificate'
    return [
      mode.startsWith('X509')
        ? hint(
            'NOT_REQUESTED',
            `${text}, so it does not know the Cloud Connector and believes no user of it: make it ask (ABAP: icm/HTTPS/verify_client = 1 or 2).`,
          )
        : info('NOT_REQUESTED', `${text}.`),
    ]
  }
  if (!hasCertificate) {
    const text =
      'The system asked for a client certificate, and the Cloud Connector has none: install a system certificate.'
    return [isRequired ? warning('REQUIRED', text) : hint('REQUESTED', text)]
  }
  if (isAccepted === true)
    return [info('ACCEPTED', 'The system asked for a client certificate and did not object to the system certificate.')]
  return [
    warning(
      'REJECTED',
      `The system asked for a client certificate and refused the system certificate (${failure}): add its issuer to the trusted authorities of the system (ABAP: STRUST, SSL Server Standard), and check that it has not expired.`,
    ),
  ]
}
