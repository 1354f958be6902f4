export interface HeadLimits {
  /** Longest line in bytes, without its CRLF. A line of exactly this length passes (guide L11875). */
  readonly maxLineBytes: number
  /** Longest head in bytes, from its first byte to the empty line inclusive; also the limit of a trailer section. */
  readonly maxHeadBytes: number
  /** Most header lines; a head object cannot hold more than it was created for. */
  readonly maxHeaders: number
}

/** Requests of applications: the limits of the guide (L11874 to L11877). */
export const requestLimits: HeadLimits = { maxLineBytes: 8192, maxHeadBytes: 65_536, maxHeaders: 200 }

/** Responses of back ends: long Set-Cookie and policy lines are common, the total is the same. */
export const responseLimits: HeadLimits = { maxLineBytes: 65_536, maxHeadBytes: 65_536, maxHeaders: 200 }
