import koffi from 'koffi'
import { negotiationToken } from './negotiation-token.ts'

type TypeSpec = string | ReturnType<typeof koffi.struct> | ReturnType<typeof koffi.out>

/** Reads through a pointer of the library; opaque to everything else. */
type Pointer = unknown

/** What GSSAPI said about a failure (RFC 2744 section 3.9), without secrets. */
export class GssFailure extends Error {
  override readonly name = 'GssFailure'
}

const libraries = ['libgssapi_krb5.so.2', 'libgssapi_krb5.dylib', '/usr/lib/libgssapi_krb5.dylib']

/** `GSS_KRB5_NT_PRINCIPAL_NAME`, `GSS_C_NT_HOSTBASED_SERVICE` and Kerberos (RFC 4121), as DER without header. */
const oids = {
  principalName: '2a864886f71201020201',
  hostBasedService: '2a864886f71201020104',
  kerberos: '2a864886f712010202',
}

const usage = { both: 0, initiate: 1 } as const
const indefinite = 0xffffffff
const [gssCode, mechanismCode] = [1, 2]

/**
 * The part of MIT Kerberos' GSSAPI (RFC 2744) that turns the name of a user into a token for a service: S4U2Self and S4U2Proxy with
 * the key table, ticket cache and configuration of the process (`KRB5_CLIENT_KTNAME`, `KRB5CCNAME`, `KRB5_CONFIG`). Every
 * call may wait for the network: for a process of its own.
 */
export class GssLibrary {
  readonly #calls: ReturnType<typeof bind>

  private constructor(calls: ReturnType<typeof bind>) {
    this.#calls = calls
  }

  /** @throws Error when this machine has no MIT Kerberos */
  static load(): GssLibrary {
    for (const name of libraries) {
      try {
        return new GssLibrary(bind(koffi.load(name)))
      } catch {
        // The next name, or the error below.
      }
    }
    throw new Error('the library libgssapi_krb5 of MIT Kerberos is not installed')
  }

  /**
   * The first token of SPNEGO with which `user` logs on at `service`; a new ticket each time.
   * @param own principal of the process's key, whom the KDC allows to act for others.
   * @param user principal.
   * @param service as `HTTP@host`.
   * @throws GssFailure
   */
  tokenFor(own: string, user: string, service: string): Buffer {
    const { acquire, impersonate, initiate, deleteContext } = this.#calls
    const held: (() => void)[] = []
    try {
      const ownName = this.#name(own, oids.principalName, held)
      const userName = this.#name(user, oids.principalName, held)
      const serviceName = this.#name(service, oids.hostBasedService, held)
      const mechanisms = { count: 1, elements: [oidOf(oids.kerberos)] }
      const credential = this.#out(held, (minor, out) =>
        acquire(minor, ownName, indefinite, mechanisms, usage.both, out, null, null),
      )
      const forUser = this.#out(held, (minor, out) =>
        impersonate(minor, credential, userName, indefinite, mechanisms, usage.initiate, out, null, null),
      )
      const context: [Pointer] = [null]
      const token = emptyBuffer()
      const minor = [0]
      // No mutual authentication: one token is all that one request can carry.
      const mechanism = oidOf(oids.kerberos)
      const major = initiate(minor, forUser, context, serviceName, mechanism, 0, 0, null, null, null, token, null, null)
      held.push(() => deleteContext([0], context, null))
      this.#check(major, minor[0] ?? 0)
      const bytes = this.#take(token)
      this.#checkInitiator(context[0], user, held)
      return negotiationToken(bytes)
    } finally {
      for (const release of held.toReversed()) release()
    }
  }

  /**
   * GSSAPI takes the credential of the process itself where it cannot use the given one. A token must never leave that
   * logs on the connector instead of the user.
   */
  #checkInitiator(context: Pointer, user: string, held: (() => void)[]): void {
    const name: [Pointer] = [null]
    const minor = [0]
    const major = this.#calls.inquireContext(minor, context, name, null, null, null, null, null, null)
    this.#check(major, minor[0] ?? 0)
    held.push(() => this.#calls.releaseName([0], name))
    const shown = emptyBuffer()
    this.#check(this.#calls.displayName(minor, name[0], shown, null), minor[0] ?? 0)
    const initiator = this.#take(shown).toString('latin1')
    if (initiator !== user) throw new GssFailure(`the ticket is for ${initiator} instead of the user`)
  }

  /** The bytes of a buffer of the library, which is released. */
  #take(from: [GssBuffer]): Buffer {
    const { length, value } = from[0]
    const bytes = Buffer.from(koffi.decode(value, 'uint8_t', length) as Uint8Array)
    this.#calls.releaseBuffer([0], from)
    return bytes
  }

  #name(text: string, type: string, held: (() => void)[]): Pointer {
    const bytes = Buffer.from(text)
    const out: [Pointer] = [null]
    const minor = [0]
    this.#check(this.#calls.importName(minor, { length: bytes.length, value: bytes }, oidOf(type), out), minor[0] ?? 0)
    held.push(() => this.#calls.releaseName([0], out))
    return out[0]
  }

  #out(held: (() => void)[], call: (minor: number[], out: [Pointer]) => number): Pointer {
    const out: [Pointer] = [null]
    const minor = [0]
    this.#check(call(minor, out), minor[0] ?? 0)
    held.push(() => this.#calls.releaseCredential([0], out))
    return out[0]
  }

  #check(major: number, minor: number): void {
    // Errors are in the upper half; what is in the lower one is information.
    if (major >>> 16 === 0) return
    throw new GssFailure(
      [this.#text(major, gssCode), this.#text(minor, mechanismCode)].filter((text) => text !== '').join(': '),
    )
  }

  #text(code: number, type: number | undefined): string {
    const out = emptyBuffer()
    const failed = this.#calls.displayStatus([0], code, type, oidOf(oids.kerberos), [0], out) !== 0
    return failed ? '' : this.#take(out).toString('latin1')
  }
}

interface GssBuffer {
  readonly length: number
  readonly value: Pointer
}

function emptyBuffer(): [GssBuffer] {
  return [{ length: 0, value: null }]
}

function oidOf(hexadecimal: string): { length: number; elements: Buffer } {
  const elements = Buffer.from(hexadecimal, 'hex')
  return { length: elements.length, elements }
}

function bind(library: ReturnType<typeof koffi.load>) {
  const buffer = koffi.struct({ length: 'size_t', value: 'void *' })
  const oid = koffi.struct({ length: 'uint32_t', elements: 'void *' })
  const set = koffi.struct({ count: 'size_t', elements: koffi.pointer(oid) })
  const minor = koffi.out(koffi.pointer('uint32_t'))
  const out = koffi.out(koffi.pointer('void *'))
  const inOut = koffi.inout(koffi.pointer('void *'))
  const outBuffer = koffi.inout(koffi.pointer(buffer))
  const pointer = 'void *'
  const define = (name: string, ...parameters: TypeSpec[]) =>
    library.func(name, 'uint32_t', parameters) as (...values: unknown[]) => number
  return {
    importName: define('gss_import_name', minor, koffi.pointer(buffer), koffi.pointer(oid), out),
    releaseName: define('gss_release_name', minor, inOut),
    acquire: define('gss_acquire_cred', minor, pointer, 'uint32_t', koffi.pointer(set), 'int', out, pointer, pointer),
    impersonate: define(
      'gss_acquire_cred_impersonate_name',
      ...[minor, pointer, pointer, 'uint32_t', koffi.pointer(set), 'int', out, pointer, pointer],
    ),
    releaseCredential: define('gss_release_cred', minor, inOut),
    initiate: define(
      'gss_init_sec_context',
      ...[minor, pointer, inOut, pointer, koffi.pointer(oid), 'uint32_t', 'uint32_t', pointer, pointer, pointer],
      ...[outBuffer, pointer, pointer],
    ),
    inquireContext: define(
      'gss_inquire_context',
      ...[minor, pointer, out, pointer, pointer, pointer, pointer, pointer, pointer],
    ),
    displayName: define('gss_display_name', minor, pointer, outBuffer, pointer),
    deleteContext: define('gss_delete_sec_context', minor, inOut, pointer),
    displayStatus: define(
      'gss_display_status',
      ...[minor, 'uint32_t', 'int', koffi.pointer(oid), koffi.inout(koffi.pointer('uint32_t')), outBuffer],
    ),
    releaseBuffer: define('gss_release_buffer', minor, outBuffer),
  }
}
