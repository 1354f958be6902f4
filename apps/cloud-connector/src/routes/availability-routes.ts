import type { SystemMapping } from '@landbridge/access'
import { checkDraft, type Subaccount } from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkedAll } from '../availability.ts'
import { Fields, invalid } from '../body/fields.ts'
import { readJson } from '../body/read-body.ts'
import { readMapping } from '../wire/mapping-json.ts'
import { type ApiContext, sendJson, subaccountIn } from './context.ts'
import { mappingAt } from './named-mapping.ts'

const url = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/availability'
const most = 100

/** Checks of internal systems (guide L21189), of mappings and of one that is not saved yet; the original has pages only. */
export function availabilityRoutes(api: FastifyInstance, context: ApiContext): void {
  api.post(url, async (request, reply) => {
    const subaccount = subaccountIn(request, context)
    return sendJson(reply, await checkedAll(context, wanted(request, subaccount, context.clock.now())))
  })
}

/** `{"mapping": {…}}` before it is saved, `{"mappings": ["host:port", …]}`, or all without a body. */
function wanted(request: FastifyRequest, subaccount: Subaccount, nowMs: number): readonly SystemMapping[] {
  const fields = new Fields(readJson(request) ?? {})
  if (fields.has('mapping')) return [checkDraft(readMapping(proposed(fields.members('mapping')), nowMs))]
  const named = fields.list('mappings')
  const mappings = named === undefined ? [...subaccount.mappings.values()] : named.map((name) => find(subaccount, name))
  if (mappings.length > most)
    throw invalid('mappings', `must name at most ${most} of the ${mappings.length} mappings: check them in parts`)
  return mappings
}

/** Virtual host and port are those of the internal system until something else is entered (guide L21120). */
function proposed(entered: Fields): Fields {
  const [virtualHost, virtualPort] = [entered.text('virtualHost'), entered.text('virtualPort')]
  return entered.with({
    virtualHost: virtualHost || entered.text('localHost'),
    virtualPort: virtualPort || entered.text('localPort'),
  })
}

function find(subaccount: Subaccount, name: unknown): SystemMapping {
  if (typeof name !== 'string') throw invalid('mappings', 'must hold texts such as erp.virtual:443')
  return mappingAt(subaccount, name)
}
