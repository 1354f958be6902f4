import { type RfcElement, writeMessage } from './message-writer.ts'
import { RfcTag } from './rfc-tag.ts'
import { writeText } from './rfc-text.ts'

const empty = Buffer.alloc(0)

/**
 * The reply to a call that is refused: an error text in the conversation's own form, so that the caller can go on with
 * another call.
 */
export function denialReply(text: string, codePage: string): Buffer {
  return writeMessage({ tag: RfcTag.reply }, [
    { tag: RfcTag.replyContext },
    { tag: RfcTag.errorText, value: writeText(text, codePage) },
  ])
}

/** As `denialReply`, for the message that opens the session: clients expect facts about the system before the error. */
export function logonDenialReply(text: string, codePage: string): Buffer {
  const fact = (tag: number, value: string): RfcElement => ({ tag, value: writeText(value, codePage) })
  return writeMessage({ tag: RfcTag.start, value: Buffer.from('0101010101010000', 'hex') }, [
    { tag: RfcTag.protocolVersion, value: Buffer.from('00000e0b', 'hex') },
    { tag: RfcTag.capabilities, value: Buffer.from('0401000300030200000023', 'hex') },
    fact(RfcTag.codePage, codePage === '' ? '4103' : codePage),
    fact(RfcTag.callerAddress, '127.0.0.1'),
    fact(RfcTag.callerAddress6, '::1'),
    fact(RfcTag.partnerHost, 'connector'),
    fact(RfcTag.connectionType, '3'),
    fact(RfcTag.kernelPatch, '754'),
    fact(RfcTag.kernelRelease, '754'),
    fact(RfcTag.destination, 'connector'),
    fact(RfcTag.program, 'connector'),
    { tag: RfcTag.reply, value: empty },
    { tag: RfcTag.replyContext },
    { tag: RfcTag.errorText, value: writeText(text, codePage) },
  ])
}
