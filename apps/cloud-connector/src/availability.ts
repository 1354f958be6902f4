import type { SystemMapping } from '@landbridge/access'
import { type Availability, type AvailabilityOptions, checkAvailability } from '@landbridge/connector'
import type { ApiContext } from './routes/context.ts'

const timeoutMs = 5_000
/** A server in the same network objects within a round trip. */
const objectionMs = 500
/** Checks that run at the same time. */
const parallel = 20

/** A mapping with what its check found, as the API shows both. */
export interface CheckedMapping extends Availability {
  readonly virtualHost: string
  readonly virtualPort: string
  readonly localHost: string
  readonly localPort: string
  readonly protocol: string
}

/** Checks the internal system of a mapping with what the connector would use for requests now. */
export async function checked(context: ApiContext, mapping: SystemMapping): Promise<CheckedMapping> {
  const { virtualHost, virtualPort, internalHost: localHost, internalPort: localPort, protocol } = mapping
  const found = await checkAvailability(mapping, optionsOf(context))
  const facts = { system: `${virtualHost}:${virtualPort}`, internal: `${localHost}:${localPort}`, protocol }
  if (found.state === 'REACHABLE') context.log.info('availability.reachable', facts)
  else {
    const findings = found.details.filter(({ level }) => level === 'warning').map(({ text }) => text)
    context.log.warn('availability.warning', { ...facts, findings })
  }
  return { virtualHost, virtualPort, localHost, localPort, protocol, ...found }
}

/** The findings in the order of the mappings; few run at the same time. */
export async function checkedAll(
  context: ApiContext,
  mappings: readonly SystemMapping[],
): Promise<readonly CheckedMapping[]> {
  const results: CheckedMapping[] = []
  const waiting = mappings.entries()
  const work = async (): Promise<void> => {
    for (const [index, mapping] of waiting) results[index] = await checked(context, mapping)
  }
  await Promise.all(Array.from({ length: Math.min(parallel, mappings.length) }, work))
  return results
}

function optionsOf({ store, clock, servicePort }: ApiContext): AvailabilityOptions {
  const { settings, trustedCertificates } = store.current
  const { systemCertificate, trustAllBackends, ppCaCertificate, kerberos, snc } = settings
  const certificates = Array.from(trustedCertificates.values(), ({ pem }) => pem)
  return {
    trust: { trustAllBackends, certificates },
    ...(systemCertificate === undefined ? {} : { systemCertificate }),
    hasAuthority: ppCaCertificate !== undefined,
    hasKerberos: kerberos !== undefined,
    ...(snc === undefined ? {} : { snc }),
    ...(servicePort === undefined ? {} : { servicePort }),
    clock,
    timeoutMs,
    objectionMs,
  }
}
