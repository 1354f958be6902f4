import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AuditEntry } from '@landbridge/connector'
import type { Clock, Log } from '@landbridge/kernel'
import type { AuditTrail } from '../audit-trail.ts'
import { writeWhole } from '../trace/write-whole.ts'
import { auditColumns, auditFileOf, auditLine } from './audit-csv.ts'

export interface AuditFilesOptions {
  readonly trail: AuditTrail
  readonly logDirectory: string
  readonly clock: Clock
  readonly log: Log
}

const batch = 500
const retryMs = 60_000

/**
 * Writes the audit trail to files, for whoever keeps them. The database leads: what a full disk or a crash kept from the
 * files is written later. A line may come twice after a crash, with the same number; none is left out.
 */
export class AuditFiles {
  readonly #options: AuditFilesOptions
  readonly #folder: string
  readonly #stops: readonly (() => void)[]
  /**
   * Which trail it is, by its first entry: files of another one are no reason to leave entries out. The ID of the
   * installation does not tell: a shadow takes over that of its master, a restore that of the backup. '' until it is known.
   */
  #trailId: string
  /** Number of the last entry that is in a file. */
  #position: number
  #isFailing: boolean
  /** The pass under way; another one follows when something came meanwhile. */
  #running: Promise<void> | undefined
  #isAskedAgain: boolean

  constructor(options: AuditFilesOptions) {
    this.#options = options
    this.#folder = join(options.logDirectory, 'audit')
    this.#trailId = ''
    this.#position = 0
    this.#isFailing = false
    this.#running = undefined
    this.#isAskedAgain = false
    const wake = (): void => void this.catchUp()
    this.#stops = [options.trail.onAudit(wake), options.clock.every(retryMs, wake)]
    wake()
  }

  /** Writes what the files lack. Failures are logged, the first of a row only. */
  catchUp(): Promise<void> {
    if (this.#running !== undefined) {
      this.#isAskedAgain = true
      return this.#running
    }
    this.#running = this.#passes().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    await this.catchUp()
  }

  async #passes(): Promise<void> {
    do {
      this.#isAskedAgain = false
      try {
        await this.#pass()
        if (this.#isFailing) this.#options.log.info('audit-files.resumed', { folder: this.#folder })
        this.#isFailing = false
      } catch (failure) {
        if (!this.#isFailing) this.#options.log.error('audit-files.failed', { folder: this.#folder }, failure)
        this.#isFailing = true
        return
      }
    } while (this.#isAskedAgain)
  }

  async #pass(): Promise<void> {
    if (this.#trailId === '') await this.#begin()
    const [newest] = await this.#options.trail.audit(1)
    // The database was put back to an earlier state: its next entries have numbers that the files know already.
    if (newest !== undefined && newest.sequence < this.#position) this.#position = newest.sequence
    for (;;) {
      const entries = await this.#options.trail.auditAfter(this.#position, batch)
      if (entries.length === 0) return
      try {
        for (const run of runsOfOneFile(entries)) {
          this.#append(run.file, run.entries)
          this.#position = run.entries.at(-1)?.sequence ?? this.#position
        }
      } finally {
        this.#writePosition()
      }
      if (entries.length < batch) return
    }
  }

  async #begin(): Promise<void> {
    const [first] = await this.#options.trail.auditAfter(0, 1)
    if (first === undefined) return
    this.#trailId = String(first.atMs)
    this.#position = this.#readPosition()
  }

  #append(name: string, entries: readonly AuditEntry[]): void {
    const path = join(this.#folder, name)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(path, 'a', 0o600)
    try {
      const { size } = fstatSync(file)
      const text = (size === 0 ? auditColumns : '') + entries.map(auditLine).join('')
      writeWhole(file, Buffer.from(text), size)
    } finally {
      closeSync(file)
    }
  }

  #readPosition(): number {
    try {
      const [trailId, sequence] = readFileSync(this.#positionPath, 'utf8').split(' ')
      const position = Number(sequence)
      return trailId === this.#trailId && Number.isSafeInteger(position) ? position : 0
    } catch {
      // Nothing was written yet, or it cannot be read: then everything is written once more.
      return 0
    }
  }

  #writePosition(): void {
    const temporary = `${this.#positionPath}.new`
    writeFileSync(temporary, `${this.#trailId} ${this.#position}`, { mode: 0o600 })
    renameSync(temporary, this.#positionPath)
  }

  get #positionPath(): string {
    return join(this.#folder, '.written')
  }
}

/** Entries that follow each other and belong into the same file. */
function runsOfOneFile(entries: readonly AuditEntry[]): { file: string; entries: AuditEntry[] }[] {
  const runs: { file: string; entries: AuditEntry[] }[] = []
  for (const entry of entries) {
    const file = auditFileOf(entry)
    const last = runs.at(-1)
    if (last?.file === file) last.entries.push(entry)
    else runs.push({ file, entries: [entry] })
  }
  return runs
}
