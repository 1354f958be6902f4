import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { Fields } from '../body/fields.ts'
import { readJson } from '../body/read-body.ts'
import { landscapeXml } from '../wire/landscape-xml.ts'
import { toZip } from '../wire/zip.ts'
import { changeSettings } from './connector-routes.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const url = '/api/v1/configuration/connector/solutionManagement'
const initial = { isEnabled: false, hostAgentPath: '', dsrEnabled: false }

/** Settings for a monitoring product of others (guide L23461): kept and shown; no program is ever run. */
export function solutionManagementRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  api.get(url, (_request, reply) => {
    const { isEnabled, hostAgentPath, dsrEnabled } = store.current.settings.solutionManagement ?? initial
    // The guide's sample program reads `enabled` (guide L27294).
    return sendJson(reply, { hostAgentPath, isEnabled, enabled: isEnabled, dsrEnabled })
  })
  api.post(url, async (request, reply) => {
    const fields = new Fields(readJson(request) ?? {})
    const hostAgentPath = fields.text('hostAgentPath')
    const dsrEnabled = fields.flag('dsrEnabled')
    await changeSettings(context, request, 'solutionManagement', (settings) => {
      const before = settings.solutionManagement ?? initial
      const solutionManagement = {
        // A shadow keeps the settings for the day on which it is master.
        isEnabled: settings.haRole === 'shadow' ? before.isEnabled : true,
        hostAgentPath: hostAgentPath ?? before.hostAgentPath,
        dsrEnabled: dsrEnabled ?? before.dsrEnabled,
      }
      return { ...settings, solutionManagement }
    })
    return sendNothing(reply)
  })
  api.delete(url, async (request, reply) => {
    await changeSettings(context, request, 'solutionManagement', (settings) => {
      if (settings.haRole === 'shadow') throw new PlatformError('CONNECTOR_IS_SHADOW')
      return { ...settings, solutionManagement: { ...(settings.solutionManagement ?? initial), isEnabled: false } }
    })
    return sendNothing(reply)
  })
  api.get(`${url}/registrationFile`, (_request, reply) =>
    reply
      .header('content-type', 'application/zip')
      .header('content-disposition', 'attachment;filename="lmdbModel.zip"')
      .send(toZip(new Map([['lmdbModel.xml', landscapeXml(store.current)]]))),
  )
}
