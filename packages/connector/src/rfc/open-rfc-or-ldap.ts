import type { Preface, Stream, StreamSink } from '@landbridge/tunnel'
import type { SubaccountContext } from '../subaccount-context.ts'
import { TcpExchange } from '../tcp/tcp-exchange.ts'
import { rfcAddress } from './rfc-address.ts'
import { RfcExchange } from './rfc-exchange.ts'

/**
 * The exchange for a stream of the RFC and LDAP proxy. What the mapping says counts, not what the cloud side took it
 * for: LDAP passes as it is, everything else is RFC or refused. A TCP mapping is for the SOCKS5 proxy, where nobody
 * expects function modules to be checked.
 */
export function openRfcOrLdap(
  context: SubaccountContext,
  stream: Stream,
  preface: Preface,
  connectTimeoutMs: number,
): StreamSink {
  const { virtualHost, port } = rfcAddress(preface)
  const protocol = context.access.findSystem(virtualHost, port)?.protocol
  if (protocol === 'LDAP' || protocol === 'LDAPS') return new TcpExchange(context, stream, preface, connectTimeoutMs)
  return new RfcExchange(context, stream, preface, connectTimeoutMs)
}
