import { randomBytes } from 'node:crypto'
import { selfSignedCertificate } from '@landbridge/testkit'
import type { Answer, CloudProcess } from './cloud.ts'

/** What a name may hold: the `URL` that was written last, or null when it is absent. */
type Version = string | null

/** What is known of one name: the version that was acknowledged last, and the one whose answer never came. */
interface Known {
  acknowledged: Version
  attempted: Version | undefined
}

/** A bulk request whose answer never came. */
interface OpenBulk {
  readonly kind: 'create' | 'delete'
  readonly names: readonly string[]
}

/** The configurations of one family of paths. */
export interface Collection {
  readonly path: string
  /** Which member is the name. */
  readonly key: 'Name' | 'FragmentName'
  /** What names must end with. */
  readonly suffix?: string
  /** Bulk requests are part of the contract. */
  readonly bulk: boolean
  /** A complete body of a version; the reader checks it member by member. */
  body(name: string, version: string): Readonly<Record<string, string>>
  /** The version of a body that was read. */
  versionOf(body: Readonly<Record<string, string>>): string | undefined
}

export const collections: readonly Collection[] = [
  {
    path: '/subaccountDestinations',
    key: 'Name',
    bulk: true,
    body: (Name, version) => ({ Name, Type: 'HTTP', URL: `http://${version}.test`, version, last: `of-${version}` }),
    versionOf: ({ version }) => version,
  },
  {
    path: '/instanceDestinations',
    key: 'Name',
    bulk: true,
    body: (Name, version) => ({ Name, Type: 'HTTP', URL: `http://${version}.test`, version, last: `of-${version}` }),
    versionOf: ({ version }) => version,
  },
  {
    path: '/subaccountDestinationFragments',
    key: 'FragmentName',
    bulk: false,
    body: (FragmentName, version) => ({ FragmentName, version, last: `of-${version}` }),
    versionOf: ({ version }) => version,
  },
  ...['/subaccountCertificates', '/instanceCertificates'].map((path) => ({
    path,
    key: 'Name' as const,
    suffix: '.pem',
    bulk: true,
    body: (Name: string, version: string) => ({ Name, Type: 'PEM', Content: pemOf(version).toString('base64') }),
    versionOf: ({ Content }: Readonly<Record<string, string>>) => versionIn(Buffer.from(Content ?? '', 'base64')),
  })),
]

const { certificate } = await selfSignedCertificate()

/** Larger than a page of the database, so that half of it could be written. Text around a certificate is legal PEM. */
function pemOf(version: string): Buffer {
  return Buffer.from(`version ${version}\n${'-'.repeat(20_000)}\n${certificate}\n`)
}

function versionIn(content: Buffer): string | undefined {
  return /^version (\w+)$/m.exec(content.toString())?.[1]
}

const bulkSize = 12

/**
 * Writes one collection, one request after the other, until the service is gone, and remembers what was acknowledged and
 * what was under way.
 */
export class Writer {
  readonly #collection: Collection
  readonly #token: string
  readonly #known: Map<string, Known>
  readonly #prefix: string
  #open: OpenBulk | undefined
  #step: number
  acknowledged: number

  constructor(collection: Collection, token: string, prefix: string) {
    this.#collection = collection
    this.#token = token
    this.#prefix = prefix
    this.#known = new Map()
    this.#open = undefined
    this.#step = 0
    this.acknowledged = 0
  }

  /** Resolves when the service is gone. @throws Error for an answer that no write of ours should get */
  async writeUntilGone(cloud: CloudProcess, acknowledged: () => void): Promise<void> {
    for (;;) {
      try {
        await this.#write(cloud)
      } catch (failure) {
        // undici reports a broken connection as a TypeError.
        if (failure instanceof TypeError) return
        throw failure
      }
      this.acknowledged += 1
      acknowledged()
    }
  }

  async #write(cloud: CloudProcess): Promise<void> {
    const step = this.#step++
    const { bulk } = this.#collection
    if (bulk && step % 5 === 3) return this.#createMany(cloud, step)
    if (bulk && step % 5 === 4) return this.#deleteMany(cloud, step - 1)
    if (step % 5 === 1) return this.#single(cloud, 'PUT', this.#name(step - 1))
    if (step % 10 === 2) return this.#single(cloud, 'DELETE', this.#name(step - 2))
    return this.#single(cloud, 'POST', this.#name(step))
  }

  #name(step: number, index = 0): string {
    return `${this.#prefix}-${step}-${index}${this.#collection.suffix ?? ''}`
  }

  async #single(cloud: CloudProcess, method: 'POST' | 'PUT' | 'DELETE', name: string): Promise<void> {
    const version = randomBytes(6).toString('hex')
    const known = this.#of(name)
    known.attempted = method === 'DELETE' ? null : version
    const { path } = this.#collection
    const answer =
      method === 'DELETE'
        ? await cloud.destinations(this.#token, method, `${path}/${name}`)
        : await cloud.destinations(this.#token, method, path, this.#collection.body(name, version))
    expectStatus(answer, method === 'POST' ? 201 : 200)
    this.#acknowledge(name)
  }

  async #createMany(cloud: CloudProcess, step: number): Promise<void> {
    const names = Array.from({ length: bulkSize }, (_, index) => this.#name(step, index))
    const version = randomBytes(6).toString('hex')
    for (const name of names) this.#of(name).attempted = version
    this.#open = { kind: 'create', names }
    const bodies = names.map((name) => this.#collection.body(name, version))
    expectStatus(await cloud.destinations(this.#token, 'POST', this.#collection.path, bodies), 201)
    this.#open = undefined
    for (const name of names) this.#acknowledge(name)
  }

  /** Half of what the step before created. */
  async #deleteMany(cloud: CloudProcess, step: number): Promise<void> {
    const names = Array.from({ length: bulkSize / 2 }, (_, index) => this.#name(step, index))
    for (const name of names) this.#of(name).attempted = null
    this.#open = { kind: 'delete', names }
    const filter = encodeURIComponent(`Name in (${names.map((name) => `'${name}'`).join(', ')})`)
    expectStatus(await cloud.destinations(this.#token, 'DELETE', `${this.#collection.path}?$filter=${filter}`), 200)
    this.#open = undefined
    for (const name of names) this.#acknowledge(name)
  }

  #of(name: string): Known {
    const known = this.#known.get(name) ?? { acknowledged: null, attempted: undefined }
    this.#known.set(name, known)
    return known
  }

  #acknowledge(name: string): void {
    const known = this.#of(name)
    if (known.attempted !== undefined) known.acknowledged = known.attempted
    known.attempted = undefined
  }

  /** Everything that another process shows otherwise than it must be, in words; empty when all is well. */
  async problems(cloud: CloudProcess): Promise<readonly string[]> {
    const { path, key } = this.#collection
    const list = await cloud.destinations(this.#token, 'GET', path)
    expectStatus(list, 200)
    const stored = new Map<string, Record<string, string>>(
      (list.json as Record<string, string>[])
        .filter((entry) => entry[key]?.startsWith(`${this.#prefix}-`))
        .map((entry) => [entry[key] ?? '', entry]),
    )
    const problems: string[] = []
    for (const [name, known] of this.#known) {
      const entry = stored.get(name)
      const version = (entry === undefined ? undefined : this.#collection.versionOf(entry)) ?? null
      const isExpected =
        version === known.acknowledged || (known.attempted !== undefined && version === known.attempted)
      if (!isExpected) problems.push(`${path}/${name} holds ${version}, acknowledged was ${known.acknowledged}`)
      if (entry !== undefined && !isWhole(entry, this.#collection.body(name, String(version))))
        problems.push(`${path}/${name} is half written: ${JSON.stringify(entry)}`)
    }
    for (const name of stored.keys()) if (!this.#known.has(name)) problems.push(`${path}/${name} was never written`)
    if (this.#open !== undefined) problems.push(...bulkProblems(this.#open, (name) => stored.has(name)))
    return problems
  }
}

/** Elements of a bulk creation are written in their order, each by itself; a bulk deletion is one step. */
function bulkProblems({ kind, names }: OpenBulk, isStored: (name: string) => boolean): string[] {
  const done = names.map((name) => isStored(name))
  if (kind === 'delete') return new Set(done).size > 1 ? [`a bulk deletion was half done: ${names}: ${done}`] : []
  return done.some((is, index) => is && done[index - 1] === false)
    ? [`a bulk creation has gaps: ${names}: ${done}`]
    : []
}

function isWhole(entry: Readonly<Record<string, string>>, body: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(body)
  return Object.keys(entry).length === keys.length && keys.every((member) => entry[member] === body[member])
}

function expectStatus(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`answered ${answer.status} instead of ${status}: ${answer.text}`)
}
