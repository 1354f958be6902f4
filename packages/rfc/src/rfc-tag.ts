/** Tags of the elements of a classic RFC message that this package has to know. */
export const RfcTag = {
  destination: 0x0006,
  callerAddress: 0x0007,
  partnerHost: 0x0008,
  kernel: 0x000b,
  connectionType: 0x0011,
  kernelRelease: 0x0012,
  kernelPatch: 0x0013,
  codePage: 0x0016,
  callerAddress6: 0x0018,
  /** First element of a message that opens a session or refreshes it; its value has eight bytes. */
  start: 0x0101,
  functionName: 0x0102,
  protocolVersion: 0x0103,
  capabilities: 0x0106,
  user: 0x0111,
  client: 0x0114,
  language: 0x0115,
  /** Only scrambled: treat it as clear text. */
  password: 0x0117,
  program: 0x0130,
  logonStatus: 0x0161,
  parameterName: 0x0201,
  parameterValue: 0x0203,
  requestedOutput: 0x0205,
  tableName: 0x0301,
  tableHeader: 0x0302,
  tableRow: 0x0303,
  /** A row whose trailing repetition is cut off. */
  tableRowShort: 0x0304,
  exceptionKey: 0x0401,
  errorText: 0x0402,
  runtimeError: 0x0403,
  messageText: 0x0404,
  callStatus: 0x0420,
  /** First element of a reply. */
  reply: 0x0500,
  unicode: 0x0501,
  /** First element of a further call; inside a chain the end of the context. */
  call: 0x0502,
  replyContext: 0x0503,
  callContext: 0x0512,
  session: 0x0514,
  /** Around a parameter in XML. */
  xmlParameter: 0x3c02,
  xmlData: 0x3c05,
  end: 0xffff,
} as const

/** The twelve bytes that only a logon begins with: "RFC000000000" in EBCDIC. */
export const logonSignature: Buffer = Buffer.from('d9c6c3f0f0f0f0f0f0f0f0f0', 'hex')

/**
 * Whether an element with this tag is of the row-based format that the inspector reads. Above 0x1000 only XML parameters
 * are known; a serialization that hides the call behind another tag is refused, not guessed.
 */
export function isReadableTag(tag: number): boolean {
  return tag < 0x1000 || tag === RfcTag.xmlParameter || tag === RfcTag.xmlData || tag === RfcTag.end
}
