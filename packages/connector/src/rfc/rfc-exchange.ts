import type { Socket } from 'node:net'
import { Denial, type System } from '@landbridge/access'
import { errorEntry } from '@landbridge/kernel'
import { defaultRfcLimits, RefusingGateway, RfcGuard, type RfcGuardOutput } from '@landbridge/rfc'
import type { Preface, Stream, StreamSink } from '@landbridge/tunnel'
import { openBackendSocket } from '../backend/open-socket.ts'
import { sncFindings } from '../configuration/snc.ts'
import { errorCode } from '../dial/dial-tls.ts'
import { denialCode } from '../http/answers.ts'
import type { SubaccountContext } from '../subaccount-context.ts'
import { TcpStatus } from '../tcp/tcp-exchange.ts'
import { findServer } from './find-server.ts'
import { instanceOf, isMessageServer, type RfcAddress, rfcAddress } from './rfc-address.ts'
import { RfcAudit } from './rfc-audit.ts'
import { RfcCalls } from './rfc-calls.ts'
import { LiveRfcRules } from './rfc-rules.ts'
import { rfcText, systemName } from './rfc-texts.ts'
import { tokenUser } from './token-user.ts'

/** What reads the client's bytes: the guard in front of a system, or a gateway that only refuses. */
type Reader = Pick<RfcGuard, 'fromClient'>

/** The gateway of an application server. */
interface DialTarget {
  readonly host: string
  readonly port: number
  readonly instance: string
}

/**
 * One RFC connection through the tunnel: access control, connect, one status byte as for TCP, then a conversation that
 * the guard reads. Credit goes back to the cloud as the system takes what the guard lets pass.
 */
export class RfcExchange implements StreamSink, RfcGuardOutput {
  readonly #context: SubaccountContext
  readonly #stream: Stream
  readonly #address: RfcAddress
  readonly #audit: RfcAudit
  readonly #calls: RfcCalls
  #socket: Socket | null
  #reader: Reader | null
  #early: Buffer[]
  #owedBytes: number
  #isOver: boolean

  constructor(context: SubaccountContext, stream: Stream, preface: Preface, connectTimeoutMs: number) {
    this.#context = context
    this.#stream = stream
    this.#address = rfcAddress(preface)
    this.#audit = new RfcAudit(context, this.#address, tokenUser(preface))
    this.#calls = new RfcCalls(context.traffic)
    this.#socket = null
    this.#reader = null
    this.#early = []
    this.#owedBytes = 0
    this.#isOver = false
    this.#open(preface, connectTimeoutMs)
  }

  // From the tunnel.

  streamData(_stream: Stream, chunk: Buffer): void {
    const reader = this.#reader
    if (reader === null) {
      // Bounded by the window of the stream: its credit is returned when the connection is open.
      if (this.#isOver) this.#stream.consumed(chunk.length)
      else this.#early.push(Buffer.from(chunk))
      return
    }
    reader.fromClient(chunk)
    if (this.#socket?.writableNeedDrain === true) this.#owedBytes += chunk.length
    else this.#stream.consumed(chunk.length)
  }

  streamEnd(): void {
    if (this.#socket === null) this.#stream.end()
    else this.#socket.end()
  }

  streamReset(): void {
    this.#isOver = true
    this.#socket?.destroy()
  }

  streamDrain(): void {
    this.#socket?.resume()
  }

  // From the guard.

  toServer(bytes: Buffer): void {
    this.#calls.fromCloud(bytes.length)
    this.#socket?.write(bytes)
  }

  toClient(bytes: Buffer): void {
    this.#calls.toCloud(bytes.length)
    if (!this.#stream.write(bytes)) this.#socket?.pause()
  }

  replied(): void {
    this.#calls.end()
  }

  refused(reason: string): void {
    this.#context.log.warn('rfc.refused', { system: systemName(this.#address), reason })
    this.#audit.deniedSystem(`RFC_REFUSED: ${reason}`)
    this.#isOver = true
    this.#socket?.destroy()
    this.#stream.reset()
  }

  finished(): void {
    this.#isOver = true
    this.#socket?.destroy()
    this.#stream.end()
  }

  #open(preface: Preface, connectTimeoutMs: number): void {
    const { virtualHost, port, service } = this.#address
    const decision = this.#context.access.decideRfc(virtualHost, port, service)
    if (typeof decision === 'number') {
      this.#audit.deniedSystem(denialCode(decision))
      const isUnknown = decision === Denial.NO_SYSTEM || decision === Denial.WRONG_PROTOCOL
      return this.#answer(isUnknown ? TcpStatus.forbidden : TcpStatus.failure)
    }
    const { system } = decision
    if (preface.userToken !== '' || preface.technicalToken !== '') return void this.#propagate(system, preface)
    if (system.protocol !== 'RFC') return this.#refuseSnc(system)
    if (isMessageServer(system.virtualPort) || isMessageServer(String(system.internalPort)))
      void this.#viaMessageServer(system, connectTimeoutMs)
    else {
      const { internalHost: host, internalPort: port } = system
      this.#dial(system, { host, port, instance: instanceOf(String(port)) }, connectTimeoutMs)
    }
  }

  async #viaMessageServer(system: System, timeoutMs: number): Promise<void> {
    const port = system.internalPort === 0 ? this.#servicePort(system) : system.internalPort
    if (port === undefined)
      return this.#explain(
        'its port is not in the services file of the Cloud Connector; give its number in the mapping',
      )
    try {
      const { group } = this.#address
      const server = await findServer({ host: system.internalHost, port, group, timeoutMs })
      if (this.#isOver) return
      this.#dial(system, { host: server.host, port: server.gatewayPort, instance: server.instance }, timeoutMs)
    } catch (cause) {
      if (this.#isOver) return
      const code = errorCode(cause)
      if (code === 'MESSAGE_SERVER') this.#explain(cause instanceof Error ? cause.message : '')
      else this.#unreachable(cause instanceof Error ? cause : undefined)
    }
  }

  /** The port of `sapms<SID>`, from the services of this machine. */
  #servicePort({ virtualPort, internalService }: System): number | undefined {
    return this.#context.rfc?.servicePort?.(internalService === '' ? virtualPort : internalService)
  }

  /** Tells the caller, in a conversation, what is wrong with the message server. */
  #explain(reason: string): void {
    const system = systemName(this.#address)
    this.#context.log.warn('rfc.message-server', { system, reason })
    this.#stream.write(Buffer.of(TcpStatus.connected))
    this.#start(new RefusingGateway(rfcText.noServer(system, reason), this))
  }

  /** A user is verified as for HTTP. One who is believed needs SNC, which is not there. */
  async #propagate(target: System, preface: Preface): Promise<void> {
    const { protocol, authenticationMode } = target
    const system = systemName(this.#address)
    const refusal = await this.#context.verifyUser?.(preface).catch((failure: unknown) => {
      this.#context.log.error('identity.failed', {}, failure)
      return { code: 'IDENTITY_FAILED', text: 'The user could not be verified. See the log of the Cloud Connector.' }
    })
    if (this.#isOver) return
    if (refusal) return this.#refuse(refusal.code, rfcText.noUserToken(system, refusal.text.replaceAll('\n', ' ')))
    const hasPrincipal = authenticationMode === 'X509_GENERAL' || authenticationMode === 'X509_RESTRICTED'
    if (protocol !== 'RFC' && hasPrincipal) return this.#refuseSnc(target)
    this.#refuse('RFC_PROPAGATION', rfcText.noPropagation(system))
  }

  /** Never plain RFC instead (guide L916), however complete the settings are. */
  #refuseSnc({ sncPartnerName }: System): void {
    const findings = sncFindings(this.#context.snc, sncPartnerName)
    this.#refuse('RFC_SNC_UNAVAILABLE', rfcText.noSnc(systemName(this.#address), findings))
  }

  /** The reason is worth a text, and a conversation is where a caller reads one. */
  #refuse(reason: string, text: string): void {
    this.#context.log.warn('rfc.refused', { system: systemName(this.#address), reason })
    this.#audit.deniedSystem(reason)
    this.#stream.write(Buffer.of(TcpStatus.connected))
    this.#start(new RefusingGateway(text, this))
  }

  #dial(system: System, target: DialTarget, connectTimeoutMs: number): void {
    const limits = this.#context.rfc?.limits ?? defaultRfcLimits
    const rules = new LiveRfcRules(this.#context, this.#address, system, this.#audit, this.#calls)
    const guard = new RfcGuard(rules, target, this, limits)
    const { security } = this.#context.backends
    const socket = openBackendSocket(target.host, target.port, false, security, (borrowed) =>
      guard.fromServer(Buffer.from(borrowed)),
    )
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    let isConnected = false
    const counted = this.#context.traffic?.systemOf(system)
    const ended = (cause?: Error): void => {
      socket.removeAllListeners('timeout')
      if (this.#isOver) return
      this.#isOver = true
      if (isConnected) return cause === undefined ? this.#stream.end() : this.#stream.reset()
      this.#unreachable(cause)
    }
    socket.setTimeout(connectTimeoutMs, () =>
      socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    )
    socket.on('error', (cause) => ended(cause))
    socket.on('close', () => {
      this.#calls.end()
      if (isConnected && counted !== undefined) counted.openConnections -= 1
      ended()
    })
    // The client hears the end right behind the last reply (guide L4540); what it still sends would go nowhere.
    socket.on('end', () => {
      ended()
      socket.end()
    })
    socket.on('drain', () => this.#returnCredit())
    socket.once('connect', () => {
      isConnected = true
      if (counted !== undefined) counted.openConnections += 1
      socket.setTimeout(0)
      this.#stream.write(Buffer.of(TcpStatus.connected))
      this.#start(guard)
    })
  }

  #unreachable(cause: Error | undefined): void {
    const reason = cause === undefined ? 'ECONNRESET' : errorCode(cause)
    const code = 'BACKEND_UNREACHABLE'
    this.#context.log.info('backend.failed', { code, system: systemName(this.#address), reason })
    this.#answer(errorEntry(code).socks ?? TcpStatus.failure)
  }

  #start(reader: Reader): void {
    this.#reader = reader
    const early = this.#early
    this.#early = []
    for (const chunk of early) this.streamData(this.#stream, chunk)
    if (this.#stream.remoteEnded) this.streamEnd()
  }

  #answer(status: number): void {
    this.#isOver = true
    if (this.#stream.isOpen && !this.#stream.localEnded) this.#stream.end(Buffer.of(status))
    for (const chunk of this.#early) this.#stream.consumed(chunk.length)
    this.#early = []
  }

  #returnCredit(): void {
    const bytes = this.#owedBytes
    this.#owedBytes = 0
    if (bytes > 0) this.#stream.consumed(bytes)
  }
}
