const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)

/** Finds where HTTP responses end, for responses with Content-Length only: enough for backends that we choose. */
export class ResponseCounter {
  #pending: Buffer = nothing
  #bodyLeft = -1

  /** Takes bytes; returns how many responses they completed, or -1 when one is not a 2xx or has no length. */
  push(chunk: Buffer): number {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#pending = nothing
    let at = 0
    let complete = 0
    for (;;) {
      if (this.#bodyLeft >= 0) {
        const taken = Math.min(this.#bodyLeft, bytes.length - at)
        at += taken
        this.#bodyLeft -= taken
        if (this.#bodyLeft > 0) return complete
        this.#bodyLeft = -1
        complete += 1
      }
      if (at === bytes.length) return complete
      const end = bytes.indexOf(headEnd, at)
      if (end < 0) {
        this.#pending = Buffer.from(bytes.subarray(at))
        return complete
      }
      this.#bodyLeft = bodyLength(bytes.toString('latin1', at, end))
      if (this.#bodyLeft < 0) return -1
      at = end + 4
    }
  }
}

/** Content-Length of a 2xx response; -1 for any other response. */
function bodyLength(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  return head[9] === '2' && length !== undefined ? Number(length) : -1
}
