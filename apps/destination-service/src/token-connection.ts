import { Socket } from 'node:net'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { type EndpointPolicy, type TlsSettings, type TokenRequest, tokenFailure } from '@landbridge/destinations'
import { type AddressGuard, guardedLookup } from '@landbridge/http-api'
import { buildConnector } from 'undici'
import { checkBrowserCompatible } from './host-names.ts'
import type { PhaseLimit } from './phase-limit.ts'

/** Refuses an address by throwing. */
export function guardOf(policy: EndpointPolicy, privateNetwork: boolean): AddressGuard {
  return (host, address) => {
    if (!policy.permits(host, address, privateNetwork))
      throw tokenFailure('the token service is on a private network, which the Internet proxy type may not call')
  }
}

/** The authorities trusted by default: those of the machine and, in PEM form, `ca`. */
export class TrustedByDefault {
  readonly #ca: string | undefined
  #context: SecureContext | undefined

  constructor(ca: string | undefined) {
    this.#ca = ca
    this.#context = undefined
  }

  /** The TLS context of a connection; what a destination sets never reaches the context of another. */
  contextFor(tls: TlsSettings | undefined): SecureContext {
    if (tls?.trusted === undefined && tls?.client === undefined && tls?.version === undefined) {
      // Reading all trusted certificates takes milliseconds, so it happens once.
      this.#context ??= createSecureContext({ ca: this.#authorities(), minVersion: 'TLSv1.2' })
      return this.#context
    }
    return ownContext(tls, tls.trusted ?? this.#authorities())
  }

  #authorities(): string[] {
    return [...getCACertificates('default'), ...(this.#ca === undefined ? [] : [this.#ca])]
  }
}

function ownContext({ trusted, client, version }: TlsSettings, authorities: readonly string[]): SecureContext {
  const isOld = version === 'TLSv1' || version === 'TLSv1.1'
  try {
    return createSecureContext({
      ca: [...authorities],
      // A trust store may name an issuing authority, or the server's certificate itself, without the root above.
      allowPartialTrustChain: trusted !== undefined,
      ...(client === undefined ? {} : { key: client.key, cert: client.certificates }),
      ...(version === undefined ? { minVersion: 'TLSv1.2' } : { minVersion: version, maxVersion: version }),
      // The old versions need signatures that OpenSSL calls insecure.
      ...(isOld ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
    })
  } catch (cause) {
    throw tokenFailure('the certificates for the connection to the token service cannot be used', cause)
  }
}

/** Makes the one connection of a request: every address is checked after the look-up, at the moment of connecting. */
export function connectorFor(
  request: TokenRequest,
  guard: AddressGuard,
  limit: PhaseLimit,
  secureContext: SecureContext | undefined,
) {
  const connect = buildConnector({
    timeout: 0,
    maxCachedSessions: 0,
    rejectUnauthorized: !request.insecureTrustAll,
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(request.tls?.hostNames === 'browser-compatible' ? { checkServerIdentity: checkBrowserCompatible } : {}),
    lookup: guardedLookup(guard),
  } as buildConnector.BuildOptions)
  return (target: buildConnector.Options, done: buildConnector.Callback) => {
    const socket: unknown = connect(target, (...result) => {
      if (result[0] === null) limit.connected()
      done(...result)
    })
    // The agent forgets a connection that is still being made.
    if (socket instanceof Socket)
      limit.signal.addEventListener('abort', () => socket.destroy(limit.expired), { once: true })
  }
}
