import { effectiveModes, isTls, parsePort, type SystemMapping } from '@landbridge/access'
import type { Clock } from '@landbridge/kernel'
import { type SncSettings, sncFindings } from '../configuration/snc.ts'
import type { BackendTrust, SystemCertificate } from '../runtime-port.ts'
import { connectOnce } from './connect-once.ts'
import { clientCertificateDetails, distrustDetail, failureDetail, hint, info, warning } from './details.ts'
import { type Handshake, probeTls, type ServerCertificate } from './tls-probe.ts'

/** `warning`: requests would fail. `hint`: something is worth a look. */
export interface AvailabilityDetail {
  readonly level: 'info' | 'hint' | 'warning'
  /** Stable, for programs. */
  readonly code: string
  /** For an administrator: what was seen, and what to do. */
  readonly text: string
}

export interface TlsFinding {
  readonly protocol?: string
  readonly server?: ServerCertificate
  readonly isTrusted: boolean
  /** The system asked for a certificate of the connector. */
  readonly isRequested: boolean
  /** It accepts no connection without one. */
  readonly isRequired: boolean
  /** Absent where none was asked for, or there is none to show. */
  readonly isAccepted?: boolean
}

export interface Availability {
  readonly state: 'REACHABLE' | 'WARNING'
  /** Address and port that were connected to. Absent: none. */
  readonly address?: string
  readonly tls?: TlsFinding
  readonly details: readonly AvailabilityDetail[]
}

/** What the connector would use for requests. */
export interface AvailabilityOptions {
  readonly trust: BackendTrust
  readonly systemCertificate?: SystemCertificate
  /** There is an authority that signs certificates of users. */
  readonly hasAuthority: boolean
  readonly hasKerberos: boolean
  /** Absent: not configured. */
  readonly snc?: SncSettings
  /** Port of a service of this machine, such as `sapmsERP`. */
  readonly servicePort?: (name: string) => number | undefined
  readonly clock: Clock
  /** For each connection. */
  readonly timeoutMs: number
  readonly objectionMs: number
}

/**
 * Tries the internal system of a mapping as a request would: name, connection, TLS, client authentication (guide
 * L21189). Never rejects: whatever fails is a finding.
 */
export async function checkAvailability(mapping: SystemMapping, options: AvailabilityOptions): Promise<Availability> {
  const details = [...configurationDetails(mapping, options)]
  const port = portOf(mapping, options)
  if (port === undefined) {
    const text = `The port of ${mapping.internalPort} is not in the services file of the Cloud Connector; give its number in the mapping.`
    return conclude([...details, warning('SERVICE_UNKNOWN', text)])
  }
  if (mapping.internalPort.includes('-'))
    details.push(info('FIRST_PORT', `Of the range ${mapping.internalPort} only port ${port} was tried.`))
  const { internalHost: host } = mapping
  const first = await connectOnce(host, port, options)
  if (typeof first === 'string') return conclude([...details, failureDetail(first, host, port)])
  const address = `${first.remoteAddress} port ${port}`
  if (!isTls(mapping.protocol)) {
    first.destroy()
    return { ...conclude(details), address }
  }
  const { systemCertificate, ...rest } = options
  const bare = await probeTls(first, { ...rest, host })
  const shown = systemCertificate === undefined ? undefined : await probeWith(host, port, systemCertificate, options)
  const tls = findingOf(bare, shown, options)
  return { ...conclude([...details, ...tlsDetails(mapping, bare, shown, tls, options)]), address, tls }
}

async function probeWith(
  host: string,
  port: number,
  certificate: SystemCertificate,
  options: AvailabilityOptions,
): Promise<Handshake> {
  const raw = await connectOnce(host, port, options)
  return typeof raw === 'string'
    ? { failure: raw, isRequested: false }
    : probeTls(raw, { ...options, host, certificate })
}

function findingOf(bare: Handshake, shown: Handshake | undefined, { trust }: AvailabilityOptions): TlsFinding {
  const { protocol, server } = shown?.server === undefined ? bare : shown
  const isRequested = bare.isRequested || shown?.isRequested === true
  return {
    ...(protocol === undefined ? {} : { protocol }),
    ...(server === undefined ? {} : { server }),
    isTrusted: server !== undefined && (trust.trustAllBackends || distrustOf(bare, shown) === undefined),
    isRequested,
    isRequired: isRequested && bare.failure !== undefined,
    ...(isRequested && shown !== undefined ? { isAccepted: shown.failure === undefined } : {}),
  }
}

function tlsDetails(
  mapping: SystemMapping,
  bare: Handshake,
  shown: Handshake | undefined,
  tls: TlsFinding,
  { trust }: AvailabilityOptions,
): readonly AvailabilityDetail[] {
  const failure = (shown ?? bare).failure
  if (failure !== undefined && !tls.isRequested)
    return [failureDetail(failure, mapping.internalHost, mapping.internalPort)]
  const distrust = distrustOf(bare, shown)
  return [
    ...(distrust === undefined ? [] : [distrustDetail(distrust, trust.trustAllBackends, mapping.internalHost)]),
    ...clientCertificateDetails(tls, shown !== undefined, failure, mapping.authenticationMode),
  ]
}

function distrustOf(bare: Handshake, shown: Handshake | undefined): string | undefined {
  return bare.distrust ?? shown?.distrust
}

/** What can be told without a connection. */
function* configurationDetails(mapping: SystemMapping, options: AvailabilityOptions): Generator<AvailabilityDetail> {
  const { authenticationMode: mode, protocol } = mapping
  if (protocol === 'TCP') yield hint('TCP_RISK', tcpRisk)
  if (protocol === 'RFCS')
    yield warning('SNC_UNAVAILABLE', `${sncText} ${sncFindings(options.snc, mapping.sncPartnerName ?? '')}`)
  if (!effectiveModes[protocol].includes(mode))
    yield hint('MODE_WITHOUT_EFFECT', `Authentication mode ${mode} has no effect with protocol ${protocol}.`)
  else if (mode.startsWith('X509')) {
    if (!options.hasAuthority)
      yield hint('NO_AUTHORITY', 'No user can be propagated: install a CA certificate for principal propagation.')
    if (protocol === 'HTTPS' && options.systemCertificate === undefined)
      yield hint('NO_SYSTEM_CERTIFICATE', 'No user can be propagated: install a system certificate.')
  } else if (mode === 'KERBEROS' && !options.hasKerberos)
    yield hint('NO_KERBEROS', 'No user can be propagated: configure Kerberos for the Cloud Connector.')
}

const sncText =
  'Calls are refused: RFC SNC needs the cryptographic library of SAP, which this Cloud Connector does not load. Only the connection was tried.'

/** The text that the guide shows where plain TCP is chosen (guide L21472). */
const tcpRisk =
  'TCP connections can pose a security risk by permitting unmonitored traffic. Ensure only trustworthy applications have access.'

function portOf({ internalPort, protocol }: SystemMapping, { servicePort }: AvailabilityOptions): number | undefined {
  const { low = 0 } = parsePort(internalPort, protocol) ?? {}
  return low > 0 ? low : servicePort?.(internalPort)
}

function conclude(details: readonly AvailabilityDetail[]): Pick<Availability, 'state' | 'details'> {
  return { state: details.some(({ level }) => level === 'warning') ? 'WARNING' : 'REACHABLE', details }
}
