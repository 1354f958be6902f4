import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

const logCost = 15
const blockSize = 8
const parallelism = 1
const keyBytes = 32

/** Hashes a password with scrypt (RFC 7914): `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, a new salt each time. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, logCost, blockSize, parallelism)
  return ['scrypt', logCost, blockSize, parallelism, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/**
 * True when the password belongs to the hash. Pass undefined for an unknown user: it costs the same time and is false,
 * so that the answer's delay does not tell which users exist.
 */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const parts = stored === undefined ? undefined : parse(stored)
  const salt = parts?.salt ?? randomBytes(16)
  const actual = await derive(password, salt, parts?.n ?? logCost, parts?.r ?? blockSize, parts?.p ?? parallelism)
  return parts !== undefined && timingSafeEqual(actual, parts.hash)
}

function parse(stored: string): { n: number; r: number; p: number; salt: Buffer; hash: Buffer } | undefined {
  const match = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]{43})$/.exec(stored)
  if (match === null) return undefined
  const [, n, r, p, salt = '', hash = ''] = match
  return {
    n: Number(n),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  }
}

function derive(password: string, salt: Buffer, log2N: number, r: number, p: number): Promise<Buffer> {
  const cost: ScryptOptions = { N: 2 ** log2N, r, p, maxmem: 256 * 2 ** log2N * r }
  // NFKC as in RFC 8265: the same password typed on another keyboard layout has the same bytes.
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, keyBytes, cost, (failure, key) =>
      failure === null ? resolve(key) : reject(failure),
    ),
  )
}
