/** What is known to go wrong where a certificate is presented or renewed (CERT-016), and the two other outcomes. */
export type Cause =
  | 'none'
  | 'expired'
  | 'not-yet-valid'
  | 'chain-untrusted'
  | 'fingerprint-mismatch'
  | 'mapped-to-another-user'
  | 'not-mapped'
  | 'user-mismatch'
  | 'password-not-effective'
  | 'missing-role'
  | 'refused-by-receiver'
  | 'inconclusive'
  | 'undetermined'

export interface Diagnosis {
  readonly cause: Cause
  /** One sentence. */
  readonly verdict: string
  /** What was seen, one fact a line; no secrets. */
  readonly evidence: readonly string[]
  /** What to do, with the command to type where there is one. */
  readonly remedy: string
  /** That command as its words, for programs; absent where people have to act. */
  readonly commands?: readonly (readonly string[])[]
}

/** A certificate as far as a diagnosis compares it. */
export interface ComparedCertificate {
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A certificate that the receiver has assigned to a user. */
export interface ReceiverMapping extends ComparedCertificate {
  readonly id: string
  readonly userName: string
  readonly createdAtMs: number
}

/** How the connection that was really made ended. */
export type Attempt =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** The TLS handshake failed: `code` of OpenSSL or Node. */
  | { readonly kind: 'handshake-failed'; readonly side: 'sender' | 'receiver'; readonly code: string }
  | { readonly kind: 'unreachable'; readonly code: string }

export interface PresentationFacts {
  readonly nowMs: number
  readonly url: string
  readonly presented: ComparedCertificate
  /** Fingerprints of the certificates that the presented one replaced, latest first. */
  readonly predecessors: readonly string[]
  /** Who the sender says to be at the receiver, where it says so. */
  readonly claimedUser?: string
  readonly attempt: Attempt
  /** SHA-256 of the certificate that a foreign receiver holds, as its administrator read it there. */
  readonly receiverFingerprint?: string
  /** What the receiver knows: only when it is this platform, or the operator said what is there. */
  readonly receiver?: {
    readonly subaccountId: string
    /** The mapping of the presented certificate. */
    readonly mapping?: ReceiverMapping
    /** Other mappings: of predecessors, or with the same subject and issuer. */
    readonly similar: readonly ReceiverMapping[]
  }
}

/** Tells why a receiver refuses a client certificate, or that it does not. */
export function diagnosePresentation(facts: PresentationFacts): Diagnosis {
  const evidence = evidenceOf(facts)
  const { presented, nowMs, attempt, receiver } = facts
  if (nowMs > presented.notAfterMs)
    return {
      cause: 'expired',
      verdict: `The certificate that the sender presents expired on ${day(presented.notAfterMs)}.`,
      evidence,
      remedy: 'Renew it, then give the new certificate to the receiver.',
      commands: [['landbridge', 'certificates', 'renew']],
    }
  if (nowMs < presented.notBeforeMs)
    return {
      cause: 'not-yet-valid',
      verdict: `The certificate that the sender presents is not valid before ${time(presented.notBeforeMs)}.`,
      evidence,
      remedy: 'Set the clocks of both sides right; if they are, wait until then or use another certificate.',
    }
  if (attempt.kind === 'handshake-failed' && attempt.code === 'ECONNRESET') return refusedByReceiver(facts, evidence)
  if (attempt.kind === 'handshake-failed')
    return {
      cause: 'chain-untrusted',
      verdict:
        attempt.side === 'sender'
          ? 'The sender does not trust the certificate of the receiver.'
          : 'The receiver does not trust the chain of the certificate that the sender presents.',
      evidence,
      remedy:
        attempt.side === 'sender'
          ? 'Add the authority of the receiver to the trust store that TrustStoreLocation of the destination names.'
          : `Let the receiver trust the authority "${presented.issuer}", or present a certificate with its whole chain.`,
    }
  if (attempt.kind === 'unreachable')
    return {
      cause: 'undetermined',
      verdict: 'The receiver cannot be reached, so nothing can be said about the certificate.',
      evidence,
      remedy: 'Check address, port and network between the two sides, then repeat the diagnosis.',
    }
  if (attempt.status === 400 && attempt.body.includes('"CLIENT_CERTIFICATE_TENANT_MISSING"'))
    return {
      cause: 'inconclusive',
      verdict: 'The receiver knows the certificate; the request does not say which of its tenants is meant.',
      evidence,
      remedy:
        'Name the tenant: give the destination the property "URL.headers.X-zid" (at a token service "tokenServiceURL.headers.X-zid") with the ID of the subaccount at the receiver.',
    }
  const isRefused = attempt.status === 401 || attempt.status === 403 || /AUTH0032|invalid_client/.test(attempt.body)
  const isSuccess = attempt.status >= 200 && attempt.status < 300
  if (!isRefused && !isSuccess)
    return {
      cause: 'inconclusive',
      verdict: `The receiver answered ${attempt.status}, which says nothing about the certificate.`,
      evidence,
      remedy: 'See the answer in the evidence: correct the URL or the receiver, then repeat the diagnosis.',
    }
  if (!isRefused)
    return {
      cause: 'none',
      verdict: `The receiver accepts the certificate (status ${attempt.status}).`,
      evidence,
      remedy: 'Nothing is to be done.',
    }
  return receiver === undefined ? refusedByReceiver(facts, evidence) : diagnoseMapping(facts, receiver, evidence)
}

type Receiver = NonNullable<PresentationFacts['receiver']>

function diagnoseMapping(facts: PresentationFacts, receiver: Receiver, evidence: readonly string[]): Diagnosis {
  const { presented, predecessors, claimedUser } = facts
  const { mapping, similar, subaccountId } = receiver
  const place = ['--subaccount', subaccountId]
  if (mapping !== undefined) {
    const isOther = claimedUser !== undefined && claimedUser.toLowerCase() !== mapping.userName.toLowerCase()
    if (!isOther)
      return {
        cause: 'undetermined',
        verdict: `The certificate is mapped to "${mapping.userName}", and the receiver refuses it all the same.`,
        evidence,
        remedy:
          'Look for what the user may call ("landbridge certificates users"), and at the log of the receiver: event client-certificate.refused.',
      }
    return {
      cause: 'mapped-to-another-user',
      verdict: `The certificate is assigned to user ${mapping.userName}, not to ${claimedUser}.`,
      evidence,
      remedy: `Delete the mapping and assign the certificate to ${claimedUser}; or make a key pair of its own for that user.`,
      commands: [
        ['landbridge', 'certificates', 'mappings', 'delete', mapping.id, ...place],
        ['landbridge', 'certificates', 'mappings', 'add', 'sender.pem', '--user', claimedUser, ...place],
      ],
    }
  }
  const old =
    similar.find(({ fingerprint }) => predecessors.includes(fingerprint)) ??
    similar.find(({ subject, issuer }) => subject === presented.subject && issuer === presented.issuer)
  if (old !== undefined)
    return {
      cause: 'fingerprint-mismatch',
      verdict: `The receiver has another certificate of the same sender: it was renewed after the receiver's copy was uploaded.`,
      evidence,
      remedy: 'Delete the mapping of the old certificate and upload the one that the sender presents now (sender.pem).',
      commands: [
        ['landbridge', 'certificates', 'mappings', 'delete', old.id, ...place],
        ['landbridge', 'certificates', 'mappings', 'add', 'sender.pem', '--user', old.userName, ...place],
      ],
    }
  return {
    cause: 'not-mapped',
    verdict: 'The receiver knows neither this certificate nor another one of this sender.',
    evidence,
    remedy:
      'Assign the certificate that the sender presents (sender.pem) to the communication user that it stands for.',
    commands: [
      ['landbridge', 'certificates', 'mappings', 'add', 'sender.pem', '--user', claimedUser ?? 'USER', ...place],
    ],
  }
}

/** A receiver that is not this platform does not show what it knows; only its administrator can compare. */
function refusedByReceiver(facts: PresentationFacts, evidence: readonly string[]): Diagnosis {
  const { presented, predecessors, receiverFingerprint } = facts
  const held = receiverFingerprint === undefined ? undefined : plainFingerprint(receiverFingerprint)
  if (held !== undefined && held !== presented.fingerprint)
    return {
      cause: 'fingerprint-mismatch',
      verdict: predecessors.includes(held)
        ? "The receiver has the predecessor of this certificate: it was renewed after the receiver's copy was uploaded."
        : 'The receiver has another certificate than the one that the sender presents.',
      evidence,
      remedy:
        'Delete the certificate at the receiver and upload the one that the sender presents now (sender.pem, written by --out).',
    }
  const causes = [
    ...(held === undefined ? ['it does not know the certificate, or knows the one before its renewal'] : []),
    'the certificate is mapped to another user there',
    'its chain is not trusted there',
    'the user has no permission',
  ]
  return {
    cause: 'refused-by-receiver',
    verdict: 'The certificate is refused by the receiver, and what it knows cannot be seen from here.',
    evidence: [...evidence, `possible causes: ${causes.join('; ')}`],
    remedy:
      held === undefined
        ? `Read the fingerprint of the certificate at the receiver, which should be ${presented.fingerprint}, and repeat the diagnosis with --receiver-fingerprint.`
        : 'The fingerprints agree: look at the user, the trusted authorities and the log of the receiver.',
  }
}

/** Colons, blanks and capitals are matters of display. */
function plainFingerprint(text: string): string {
  return text.replace(/[:\s]/g, '').toLowerCase()
}

export interface RefreshFacts {
  readonly subaccountId: string
  /** The user that was tried. */
  readonly user: string
  /** Who paired the connector; empty when that is not known. */
  readonly registeredUser: string
  readonly isKnownUser: boolean
  readonly status: number
  /** Error code of the cloud side. */
  readonly code: string
  readonly retryAfterSeconds?: number
}

/** Tells why a connector's certificate cannot be refreshed with a user. */
export function diagnoseRefresh(facts: RefreshFacts): Diagnosis {
  const { subaccountId, user, registeredUser, isKnownUser, status, code } = facts
  const evidence = [
    `subaccount ${subaccountId}`,
    `user tried: ${user}`,
    `user who paired the connector: ${registeredUser === '' ? 'not known' : registeredUser}`,
    `the cloud side answered ${status}${code === '' ? '' : ` (${code})`}`,
  ]
  const isRegistered = registeredUser !== '' && user.toLowerCase() === registeredUser.toLowerCase()
  if (status >= 200 && status < 300)
    return { cause: 'none', verdict: 'The user may refresh the certificate.', evidence, remedy: 'Refresh it now.' }
  if (code === 'PAIRING_PASSWORD_NOT_EFFECTIVE')
    return {
      cause: 'password-not-effective',
      verdict: 'The password was changed moments ago and is not in effect yet.',
      evidence,
      remedy: `Wait ${facts.retryAfterSeconds ?? 60} seconds, then refresh the certificate with the same password.`,
    }
  const isDenied = status === 401 || status === 403
  if (isDenied && registeredUser !== '' && !isRegistered)
    return {
      cause: 'user-mismatch',
      verdict: `The connector was paired by ${registeredUser}; ${user} may not refresh its certificate.`,
      evidence,
      remedy:
        status === 403
          ? `Refresh the certificate as ${registeredUser}, or give ${user} the role collection "Cloud Connector Administrator", then refresh it again.`
          : `Refresh the certificate as ${registeredUser}, or as ${user} with the right password.`,
      ...(status === 403 ? { commands: [assignment(facts)] } : {}),
    }
  if (status === 403)
    return {
      cause: 'missing-role',
      verdict: `${user} exists, but may not manage Cloud Connectors in the subaccount.`,
      evidence,
      remedy: `Give ${user} the role collection "Cloud Connector Administrator", then refresh the certificate again.`,
      commands: [assignment(facts)],
    }
  return {
    cause: 'undetermined',
    verdict: status === 401 ? 'The password is wrong.' : `The cloud side answered ${status}.`,
    evidence: [...evidence, `the user ${isKnownUser ? 'exists' : 'does not exist'} in the subaccount`],
    remedy: status === 401 ? 'Repeat with the right password.' : 'See the log of the connectivity service.',
  }
}

function assignment({ user, subaccountId }: RefreshFacts): readonly string[] {
  const role = ['--role-collection', 'Cloud Connector Administrator']
  return ['landbridge', 'user', 'assign', user, ...role, '--subaccount', subaccountId]
}

function evidenceOf(facts: PresentationFacts): readonly string[] {
  const { url, presented, attempt, receiver, claimedUser, receiverFingerprint } = facts
  const line = (which: string, { fingerprint, subject, issuer, notBeforeMs, notAfterMs }: ComparedCertificate) =>
    `${which}: SHA-256 ${fingerprint}, subject ${subject}, issuer ${issuer}, valid ${time(notBeforeMs)} to ${time(notAfterMs)}`
  const known =
    receiver === undefined ? [] : [...(receiver.mapping === undefined ? [] : [receiver.mapping]), ...receiver.similar]
  const answer =
    attempt.kind === 'answered'
      ? `${attempt.status} ${attempt.body.replace(/\s+/g, ' ').slice(0, 300)}`.trim()
      : `${attempt.kind} (${attempt.code})`
  return [
    line('sender presents', presented),
    ...known.map((one) => `${line('receiver has', one)}, mapped to ${one.userName} on ${time(one.createdAtMs)}`),
    ...(receiver !== undefined && known.length === 0 ? ['receiver has: no certificate of this sender'] : []),
    ...(receiverFingerprint === undefined
      ? []
      : [`receiver has, as told: SHA-256 ${plainFingerprint(receiverFingerprint)}`]),
    ...(claimedUser === undefined ? [] : [`sender says to be: ${claimedUser}`]),
    `answer of ${url}: ${answer}`,
  ]
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
