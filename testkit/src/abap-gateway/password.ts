/** The table of the scrambling; as public as its inverse, so a scrambled password counts as a clear one. */
const table = Buffer.from(
  'f0ed53b83244f1f876c67959fd4f13a2c15195ec5483c234774943a27de265965e5398789a17a33cd383a8b829fbdca555d702778413acddf9b83116610e6dfa',
  'hex',
)

/** Scrambles or unscrambles: the same exclusive-or both ways. */
function turn(text: Buffer, seed: number): Buffer {
  const start = (seed ^ (seed >>> 5) ^ (seed << 1)) >>> 0
  return Buffer.from(text.map((byte, i) => byte ^ (table[(start + i) & 63] as number) ^ ((seed * i * i - i) & 0xff)))
}

/** The value of a password tag: a seed of four bytes, then the scrambled password. */
export function scramblePassword(password: string, seed: number): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(seed)
  return Buffer.concat([head, turn(Buffer.from(password, 'latin1'), seed)])
}

/** The password in the value of a password tag; '' when the value is none. */
export function unscramblePassword(value: Buffer): string {
  return value.length < 4 ? '' : turn(value.subarray(4), value.readUInt32LE(0)).toString('latin1')
}
