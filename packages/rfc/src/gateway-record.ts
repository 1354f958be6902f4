/** Length of a gateway record of version 2, the first payload in each direction. */
export const gatewayRecordBytes = 64

const version = 2
const normalClient = 3
const appcVersion = 6

/** A gateway record of the kind "normal client": the only kind that may pass. */
export interface GatewayRecord {
  /** Code page in which the sender writes texts: `4103` little-endian, `4102` big-endian Unicode. */
  readonly codePage: string
  readonly returnCode: number
}

/** Why the first payload of a client is not the greeting of a normal client. */
export type GatewayRefusal =
  | 'not a gateway record'
  | 'gateway record of an unsupported version'
  | 'administrative gateway request'
  | 'gateway registration request'
  | 'gateway request of an unsupported kind'

/** Requests that administer a gateway: check, stop, error, information, monitor command. */
const administrative: ReadonlySet<number> = new Set([0x01, 0x05, 0x07, 0x08, 0x09])
/** Requests of programs that register, unregister or cancel, or ask for registrations. */
const registering: ReadonlySet<number> = new Set([0x0b, 0x0c, 0x0e, 0x10])

/**
 * Reads the first payload of a client. Everything but a normal client is refused by name: gateway requests administer,
 * stop or register, which on a blind relay would hand over the gateway host.
 */
export function readGatewayRecord(payload: Buffer): GatewayRecord | GatewayRefusal {
  if (payload.length < 2) return 'not a gateway record'
  if (payload[0] !== version && payload[0] !== 1 && payload[0] !== 3) return 'not a gateway record'
  const kind = payload[1] as number
  if (administrative.has(kind)) return 'administrative gateway request'
  if (registering.has(kind)) return 'gateway registration request'
  if (kind !== normalClient) return 'gateway request of an unsupported kind'
  if (payload[0] !== version || payload.length !== gatewayRecordBytes) return 'gateway record of an unsupported version'
  if (payload[54] !== appcVersion) return 'gateway record of an unsupported version'
  return { codePage: payload.toString('latin1', 20, 24), returnCode: payload.readUInt32BE(58) }
}

export interface GatewayRecordFields {
  /** Four numbers. */
  readonly address: readonly number[]
  readonly service: string
  readonly codePage: string
  readonly logicalUnit: string
  readonly program: string
  readonly conversationId?: string
  readonly acceptInfo: number
  /** 6 for clients, 15 for gateways. */
  readonly level: number
  readonly returnCode?: number
}

/** Writes a record of the kind "normal client", for clients and for the emulated gateway. */
export function writeGatewayRecord(fields: GatewayRecordFields): Buffer {
  const record = Buffer.alloc(gatewayRecordBytes)
  record[0] = version
  record[1] = normalClient
  Buffer.from(fields.address).copy(record, 2)
  record.write(fields.service.slice(0, 9), 10, 'latin1')
  record.write(fields.codePage, 20, 'latin1')
  record[29] = fields.level
  record.write(fields.logicalUnit.slice(0, 8).padEnd(8), 30, 'latin1')
  record.write(fields.program.slice(0, 8).padEnd(8), 38, 'latin1')
  record.write((fields.conversationId ?? '').slice(0, 8).padEnd(8), 46, 'latin1')
  record[54] = appcVersion
  record[55] = fields.acceptInfo
  record.writeInt16BE(-1, 56)
  record.writeUInt32BE(fields.returnCode ?? 0, 58)
  return record
}
