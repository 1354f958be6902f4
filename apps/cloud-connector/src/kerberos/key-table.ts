/** A key of a key table: for whom, and of which type (RFC 3961). Not the key itself. */
export interface KeyTableEntry {
  /** `name@REALM`; parts of the name are joined by `/`. */
  readonly principal: string
  readonly encryptionType: number
}

/** rc4-hmac (guide L20916), and AES with SHA-1 and SHA-2. */
export const usableEncryptionTypes: readonly number[] = [17, 18, 19, 20, 23]

/**
 * Reads the entries of a key table in the format of MIT Kerberos, version 2 ("keytab file format").
 * @returns undefined when the bytes are none.
 */
export function readKeyTable(bytes: Buffer): readonly KeyTableEntry[] | undefined {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== 0x0502) return undefined
  const entries: KeyTableEntry[] = []
  try {
    for (let at = 2; at + 4 <= bytes.length; ) {
      const size = bytes.readInt32BE(at)
      at += 4
      // Holes of deleted entries count negative.
      if (size > 0) entries.push(readEntry(bytes.subarray(at, at + size)))
      if (size === 0) break
      at += Math.abs(size)
    }
    return entries
  } catch {
    return undefined
  }
}

/** @throws RangeError when the bytes end too early */
function readEntry(bytes: Buffer): KeyTableEntry {
  let at = 2
  const text = (): string => {
    const length = bytes.readUInt16BE(at)
    const end = at + 2 + length
    if (end > bytes.length) throw new RangeError('too short')
    const value = bytes.toString('utf8', at + 2, end)
    at = end
    return value
  }
  const parts = bytes.readUInt16BE(0)
  const realm = text()
  const name = Array.from({ length: parts }, text).join('/')
  // Name type, time and version of the key lie between.
  const encryptionType = bytes.readUInt16BE(at + 9)
  return { principal: `${name}@${realm}`, encryptionType }
}
