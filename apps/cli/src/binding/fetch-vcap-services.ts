import { PlatformError } from '@landbridge/kernel'
import { askJson, type Question } from '../call/ask.ts'
import { createAgent } from '../http/agent.ts'
import type { PlatformState } from '../state/state-file.ts'

/**
 * The bindings of a subaccount, by its ID or subdomain, from the operator API of a platform on this machine.
 * @throws PlatformError CLI_BINDING_MISSING, CLI_UNREACHABLE, CLI_STEP_REFUSED
 */
export async function fetchVcapServices(
  state: PlatformState,
  subaccount: string,
): Promise<PlatformState['vcapServices']> {
  const { operator } = state
  if (operator === undefined)
    throw new PlatformError('CLI_BINDING_MISSING', { service: 'connectivity', path: 'state.json' })
  const agent = createAgent({ ...state, caFiles: [state.caFile] })
  const base = `${operator.url}/api/v1/subaccounts`
  const ask = (question: Pick<Question, 'step' | 'url'>): Promise<Readonly<Record<string, unknown>>> =>
    askJson({
      ...question,
      method: 'GET',
      headers: { authorization: `Bearer ${operator.secret}` },
      agent,
      signal: AbortSignal.timeout(10_000),
    })
  try {
    const all = Object.values(await ask({ step: 'list subaccounts', url: base })) as readonly {
      readonly id: string
      readonly subdomain: string
    }[]
    const id = all.find((candidate) => candidate.subdomain === subaccount)?.id ?? subaccount
    const services = await ask({ step: 'bindings', url: `${base}/${encodeURIComponent(id)}/vcapServices` })
    // The operator API renders what VCAP_SERVICES prescribes: lists of bindings by service.
    return services as PlatformState['vcapServices']
  } finally {
    await agent.destroy()
  }
}
