import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Secret } from '@landbridge/kernel'
import { toldDescription } from '../configuration/description.ts'
import type { RegionEndpoint } from '../runtime-port.ts'
import { createKeyAndRequest } from './certificate-request.ts'
import { refusalOf, type Tried } from './refusal.ts'
import {
  askRegion,
  type CloudCredentials,
  invalidAnswer,
  type RegionAccess,
  type RegionAnswer,
  regionAddress,
} from './region-request.ts'

/** What the connector tells the region about itself. */
export interface PairingRequest extends Tried {
  readonly locationId: string
  readonly connectorId: string
  readonly description: string
  /** Tells the cloud side that the connector will renew the certificate by itself. Default false. */
  readonly automaticRenewal?: boolean
}

/** What pairing yields. The credentials are not part of it: they are needed no more. */
export interface Pairing {
  readonly endpoint: RegionEndpoint
  /** PEM chain, leaf first. */
  readonly certificate: string
  readonly privateKey: Secret
  /** Who paired, as the cloud knows the user: a passcode does not say it. */
  readonly user: string
  /** The subaccount's name in the cloud. */
  readonly displayName: string
}

/**
 * Pairs a subaccount: downloads its connection configuration, makes a key that never leaves this process, and has the
 * region issue a client certificate for it. Nothing is kept on failure.
 * @throws PlatformError those of `refusalOf` and of `askRegion`
 */
export async function pairSubaccount(
  access: RegionAccess,
  credentials: CloudCredentials,
  wanted: PairingRequest,
): Promise<Pairing> {
  const base = `/api/v1/subaccounts/${encodeURIComponent(wanted.subaccountId)}`
  const configuration = accepted(
    await askRegion(access, {
      service: 'connectivitynotification',
      method: 'GET',
      path: `${base}/configuration`,
      credentials,
    }),
    access,
    { ...wanted, user: credentials.user },
  )
  const notificationHost = textOf(configuration, 'notificationHost', access)
  const { privateKey, csr } = await createKeyAndRequest(wanted.subaccountId)
  const { locationId, connectorId, automaticRenewal = false } = wanted
  const description = toldDescription(wanted.description)
  const issued = await askRegion(access, {
    service: 'connectivitycertsigning',
    host: textOf(configuration, 'certSigningHost', access),
    method: 'POST',
    path: `${base}/certificates`,
    credentials,
    body: { csr, locationId, connectorId, description, ...(automaticRenewal ? { automaticRenewal } : {}) },
  })
  const certificate = issuedCertificate(issued, privateKey, access, { ...wanted, user: credentials.user })
  const { address, ca } = access.override ?? {}
  return {
    endpoint: {
      notificationHost,
      port: regionAddress(access).port,
      ca: ca ?? '',
      ...(address === undefined ? {} : { address }),
    },
    certificate,
    privateKey,
    user: optionalText(membersOf(issued), 'initiatedBy').slice(0, 255) || credentials.user,
    displayName: optionalText(configuration, 'displayName'),
  }
}

/** The certificate of an answer, which must be for our key. @throws PlatformError as `pairSubaccount` does */
export function issuedCertificate(
  answer: RegionAnswer,
  privateKey: Secret,
  access: RegionAccess,
  tried: Tried,
): string {
  const certificate = textOf(accepted(answer, access, tried), 'certificate', access)
  requireOwn(certificate, privateKey, access)
  return certificate
}

/** The members of a successful answer; a refusal becomes the error that tells the administrator what to correct. */
function accepted(answer: RegionAnswer, access: RegionAccess, tried: Tried): Readonly<Record<string, unknown>> {
  const { status } = answer
  if (status !== 200 && status !== 201) throw refusalOf(answer, access, tried)
  return membersOf(answer)
}

function membersOf({ body }: RegionAnswer): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

/** The region must have signed our key: a certificate for any other could never connect. */
function requireOwn(certificate: string, privateKey: Secret, access: RegionAccess): void {
  let isOwn = false
  try {
    isOwn = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey.reveal()))
  } catch (cause) {
    throw invalidAnswer(access, 'the certificate cannot be read', cause)
  }
  if (!isOwn) throw invalidAnswer(access, 'the certificate is for another key')
}

function textOf(members: Readonly<Record<string, unknown>>, name: string, access: RegionAccess): string {
  const value = members[name]
  if (typeof value !== 'string' || value === '') throw invalidAnswer(access, `the member ${name} is missing`)
  return value
}

export function optionalText(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name]
  return typeof value === 'string' ? value : ''
}
