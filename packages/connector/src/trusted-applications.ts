import { errorEntry } from '@landbridge/kernel'
import type { Preface, Stream } from '@landbridge/tunnel'
import type { IdentityRefusal, SubaccountContext } from './subaccount-context.ts'
import { TcpStatus } from './tcp/tcp-exchange.ts'

const code = 'APPLICATION_NOT_TRUSTED'

/** The same subaccount for an application that is not on its list: whatever it may see otherwise, it is refused. */
export function refusingContext(
  context: SubaccountContext,
  { clientId }: Pick<Preface, 'clientId'>,
): SubaccountContext {
  const { http, title, remedy } = errorEntry(code)
  const text = `${title}${clientId === '' ? ' (it has no name)' : ` (${printable(clientId)})`}.\n${remedy}`
  const refusal: IdentityRefusal = { kind: 'refused', status: http, code, text }
  return { ...context, propagate: () => refusal }
}

/** Ends a connection of such an application; the protocols besides HTTP have no place for a text. */
export function refuseConnection({ denied, subaccountId }: SubaccountContext, stream: Stream, preface: Preface): void {
  const { virtualHost, virtualPort } = preface
  denied({ subaccountId, virtualHost, virtualPort, path: '', reason: code })
  stream.sink = {
    streamData: (from, chunk) => from.consumed(chunk.length),
    streamEnd() {},
    streamReset() {},
    streamDrain() {},
  }
  stream.end(Buffer.of(TcpStatus.forbidden))
}

/** The cloud side gives the name: nothing that could forge lines. */
function printable(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
