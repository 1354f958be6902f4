import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { writeWhole } from './write-whole.ts'

export interface RotatingFileOptions {
  readonly path: string
  /** A file that would grow beyond this becomes number 1 of those that are kept. */
  readonly maxBytes: number
  /** Earlier files beside the current one; older ones are removed. */
  readonly keep: number
  /** Told once when writing fails, and not again before it worked in between. */
  readonly failed: (failure: unknown) => void
  /** Told when writing works again. */
  readonly recovered?: (lostWrites: number) => void
}

const lookAgainMs = 1_000

/**
 * Appends text to a file (0600, folder 0700) whose size is bounded. A full disk costs the text and nothing else: whoever
 * writes goes on. Written at once, because the last lines before a crash are the ones that matter.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions
  #file: number | undefined
  #inode: number
  #size: number
  #lookedAt: number
  #lost: number

  constructor(options: RotatingFileOptions) {
    this.#options = options
    this.#file = undefined
    this.#inode = 0
    this.#size = 0
    this.#lookedAt = 0
    this.#lost = 0
  }

  get path(): string {
    return this.#options.path
  }

  write(text: string): void {
    const bytes = Buffer.from(text)
    try {
      this.#makeReady(bytes.length)
      writeWhole(this.#file as number, bytes, this.#size)
      this.#size += bytes.length
    } catch (failure) {
      // The next attempt begins anew: the file, the folder or the disk may be another one by then.
      this.close()
      this.#lost += 1
      if (this.#lost === 1) this.#options.failed(failure)
      return
    }
    if (this.#lost === 0) return
    const lost = this.#lost
    this.#lost = 0
    this.#options.recovered?.(lost)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #makeReady(bytes: number): void {
    // Administrators clean up by deleting files: what follows belongs into a new one that they can see.
    const now = performance.now()
    if (this.#file !== undefined && now - this.#lookedAt > lookAgainMs) {
      this.#lookedAt = now
      if (statSync(this.path, { throwIfNoEntry: false })?.ino !== this.#inode) this.close()
    }
    if (this.#file === undefined) this.#open()
    if (this.#size === 0 || this.#size + bytes <= this.#options.maxBytes) return
    this.close()
    this.#shift()
    this.#open()
  }

  #open(): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
    const file = openSync(this.path, 'a', 0o600)
    const { ino, size } = fstatSync(file)
    this.#file = file
    this.#inode = ino
    this.#size = size
    this.#lookedAt = performance.now()
  }

  #shift(): void {
    const { keep } = this.#options
    rmSync(this.#numbered(keep), { force: true })
    for (let number = keep - 1; number >= 0; number--)
      if (statSync(this.#numbered(number), { throwIfNoEntry: false }) !== undefined)
        renameSync(this.#numbered(number), this.#numbered(number + 1))
  }

  #numbered(number: number): string {
    if (number === 0) return this.path
    const extension = extname(this.path)
    return `${this.path.slice(0, this.path.length - extension.length)}.${number}${extension}`
  }
}
