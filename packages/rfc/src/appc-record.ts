/** Header and operation information of an APPC record: what follows is parameters or data. */
export const appcHeadBytes = 80

const version = 6

/** Functions of APPC records (offset 1). */
export const AppcFunction = {
  initialize: 0x01,
  allocate: 0x05,
  sendData: 0x07,
  asyncSendData: 0x08,
  receive: 0x09,
  deallocate: 0x0b,
  setPartner: 0x0f,
  flush: 0x1b,
  sapSend: 0xcb,
  ping: 0xce,
} as const

/** Bit of the vector (offset 31) on the last record of a message. */
const endOfMessage = 0x04
/** Bit of the second information byte (offset 10): the payload is protected by SNC. */
const sncBits = 0x04 | 0x10

/** The fields of an APPC record that decide what happens to it. */
export interface AppcRecord {
  readonly function: number
  /** Announced bytes of parameters; on a compact message they stand behind the data. */
  readonly parameterBytes: number
  readonly isLast: boolean
  readonly isProtected: boolean
  readonly returnCode: number
  readonly sapReturnCode: number
  /** Offset of the conversation ID is 40, its length 8. */
  readonly conversationId: string
  readonly connectionIndex: number
}

/** Reads the head of an APPC record; undefined when it is none of version 6. */
export function readAppcRecord(payload: Buffer): AppcRecord | undefined {
  if (payload.length < appcHeadBytes || payload[0] !== version) return undefined
  return {
    function: payload[1] as number,
    parameterBytes: payload.readUInt16BE(26),
    isLast: ((payload[31] as number) & endOfMessage) !== 0,
    isProtected: ((payload[10] as number) & sncBits) !== 0,
    returnCode: payload.readUInt32BE(32),
    sapReturnCode: payload.readUInt32BE(36),
    conversationId: payload.toString('latin1', 40, 48),
    connectionIndex: payload.readUInt16BE(78),
  }
}

export interface AppcReply {
  readonly function: number
  readonly conversationId: string
  readonly connectionIndex: number
  /** Absent: an acknowledgement. */
  readonly data?: Buffer
  readonly isLast?: boolean
  readonly returnCode?: number
}

/** Capacity that a gateway tells beside the length of its data. */
const capacityBytes = 34_048

/** Writes a record as a gateway sends it: the length of the data stands at offset 58. */
export function writeAppcReply(reply: AppcReply): Buffer {
  const data = reply.data ?? Buffer.alloc(0)
  const record = Buffer.alloc(appcHeadBytes + data.length)
  record[0] = version
  record[1] = reply.function
  record[2] = 2
  record.writeUInt16BE(0xffff, 4)
  record[21] = 2
  record[30] = 1
  record[31] = reply.isLast === true ? endOfMessage : 0
  record.writeUInt32BE(reply.returnCode ?? 0, 32)
  record.write(reply.conversationId.padEnd(8).slice(0, 8), 40, 'latin1')
  if (data.length > 0) {
    record.writeUInt16BE(capacityBytes, 50)
    record.writeUInt16BE(data.length, 58)
  }
  record.writeUInt16BE(reply.connectionIndex, 78)
  data.copy(record, appcHeadBytes)
  return record
}
