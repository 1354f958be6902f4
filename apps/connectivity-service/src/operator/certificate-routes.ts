import {
  type CertificateInventory,
  type CertificateRecord,
  certificateKinds,
  certificateStates,
  type InventoryFilter,
  type RenewalJob,
  type RenewalRunRecord,
  type RenewalRuns,
  type RunOutcome,
  toSharedRecord,
} from '@landbridge/certificates'
import { type Clock, PlatformError } from '@landbridge/kernel'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

export interface CertificateRoutesOptions {
  readonly inventory: CertificateInventory
  readonly job: RenewalJob
  readonly runs: RenewalRuns
  readonly clock: Clock
}

const filter = Type.Object(
  {
    subaccountId: Type.Optional(Type.String({ maxLength: 64 })),
    kind: Type.Optional(Type.Union(certificateKinds.map((kind) => Type.Literal(kind)))),
    state: Type.Optional(Type.Union(certificateStates.map((state) => Type.Literal(state)))),
    withinDays: Type.Optional(Type.String({ pattern: '^[0-9]{1,5}$' })),
  },
  { additionalProperties: false },
)

const renewal = Type.Object(
  {
    date: Type.Optional(
      Type.String({ maxLength: 40, description: 'The run works as if it were this day; default now' }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only say what would happen' })),
  },
  { additionalProperties: false },
)

/** The inventory of all certificates and the runs that renew them, for the operator. */
export function addCertificateRoutes(api: FastifyInstance, options: CertificateRoutesOptions): void {
  const { inventory, job, runs, clock } = options

  api.get('/certificates', { schema: { querystring: filter } }, async (request) => {
    const { certificates, unavailable } = await inventory.list(toFilter(request.query as Static<typeof filter>, clock))
    return { certificates: certificates.map(showCertificate), unavailable }
  })

  api.get<{ Params: { fingerprint: string } }>('/certificates/:fingerprint', async (request) => ({
    certificates: (await inventory.find(request.params.fingerprint)).map((record) => ({
      ...showCertificate(record),
      chain: record.chain,
    })),
  }))

  api.get('/certificates/renewals', async () => ({
    nextRun: isoTime(job.nextRunMs),
    runs: (await runs.list(100)).map(showRun),
  }))

  api.get<{ Params: { id: string } }>('/certificates/renewals/:id', async (request) => {
    const run = await runs.find(request.params.id)
    if (run === undefined) throw new PlatformError('RENEWAL_RUN_UNKNOWN', { run: request.params.id })
    return { ...showRun(run), outcome: (await runs.outcomes(run.id)).map(showOutcome) }
  })

  api.post('/certificates/renewals', { schema: { body: renewal } }, async (request, reply) => {
    const { date, dryRun = false } = request.body as Static<typeof renewal>
    const atMs = date === undefined ? clock.now() : parseDate(date)
    if (dryRun) return { dryRun, at: isoTime(atMs), outcome: (await job.preview(atMs)).map(showOutcome) }
    const { outcome, ...run } = await job.runNow(atMs)
    return reply
      .code(201)
      .header('location', `/api/v1/certificates/renewals/${run.id}`)
      .send({ dryRun, ...showRun(run), outcome: outcome.map(showOutcome) })
  })
}

function toFilter(query: Static<typeof filter>, clock: Clock): InventoryFilter {
  const { subaccountId, kind, state, withinDays } = query
  return {
    ...(subaccountId === undefined ? {} : { subaccountId }),
    // What no certificate has finds none.
    ...(kind === undefined ? {} : { kind }),
    ...(state === undefined ? {} : { state }),
    ...(withinDays === undefined ? {} : { endsUntilMs: clock.now() + Number(withinDays) * 86_400_000 }),
  }
}

function showCertificate(record: CertificateRecord): object {
  return toSharedRecord(record)
}

function showRun({ atMs, startedAtMs, finishedAtMs, ...run }: RenewalRunRecord): object {
  return {
    ...run,
    at: isoTime(atMs),
    startedAt: isoTime(startedAtMs),
    ...(finishedAtMs === undefined ? {} : { finishedAt: isoTime(finishedAtMs) }),
  }
}

function showOutcome({ notAfterMs, ...outcome }: RunOutcome): object {
  return { ...outcome, notAfter: isoTime(notAfterMs) }
}

/** @throws PlatformError RENEWAL_DATE_INVALID */
function parseDate(given: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/.test(given) ? Date.parse(given) : Number.NaN
  if (Number.isNaN(atMs)) throw new PlatformError('RENEWAL_DATE_INVALID', { given })
  return atMs
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
