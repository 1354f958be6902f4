import { PlatformError } from '@landbridge/kernel'
import { withSubaccount } from '../operator/with-subaccount.ts'
import type { PlatformState } from '../state/state-file.ts'

/**
 * The bindings of a subaccount, by its ID or subdomain, from the operator API of a platform on this machine; without one
 * those of the demo, or of the only subaccount.
 * @throws PlatformError CLI_NO_OPERATOR, CLI_CHOICE_NEEDED, CLI_BINDING_MISSING, CLI_UNREACHABLE, CLI_STEP_REFUSED
 */
export function fetchVcapServices(
  data: string,
  subaccount: string | undefined,
): Promise<PlatformState['vcapServices']> {
  return withSubaccount({ data, ...(subaccount === undefined ? {} : { subaccount }) }, async (client, chosen) => {
    // The operator API renders what VCAP_SERVICES prescribes: lists of bindings by service.
    const services = (await client.operator({
      step: 'bindings',
      path: `/subaccounts/${encodeURIComponent(chosen.id)}/vcapServices`,
    })) as PlatformState['vcapServices']
    // An empty file would take the place of a good one, and applications would fail much later.
    if (Object.keys(services).length === 0)
      throw new PlatformError('CLI_BINDING_MISSING', { service: 'any', path: `subaccount ${chosen.subdomain}` })
    return services
  })
}
