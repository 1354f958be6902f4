import { access } from 'node:fs/promises'
import { type BackupEntries, readBackup, type SolutionManagement, writeBackup } from '@landbridge/connector'
import { Secret } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { invalid } from '../body/fields.ts'
import { readFields, readMultipart } from '../body/read-body.ts'
import { connectorVersion } from '../version.ts'
import { fromZip, toZip, ZipRefusal } from '../wire/zip.ts'
import { type ApiContext, sendNothing } from './context.ts'
import { isLibrary } from './snc-routes.ts'

const url = '/api/v1/configuration/backup'
/** A large configuration has to pass. */
const bodyLimit = 16 * 1024 * 1024

/** Backup and restore of the whole configuration (guide L23574). */
export function backupRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store, clock } = context
  api.post(url, async (request, reply) => {
    const password = new Secret(readFields(request).required('password'))
    const entries = await writeBackup(store.current, password, { version: connectorVersion, nowMs: clock.now() })
    return reply
      .header('content-type', 'application/zip')
      .header('content-disposition', 'attachment;filename="scc_backup.zip"')
      .send(toZip(entries))
  })
  api.put(url, { bodyLimit }, async (request, reply) => {
    const parts = readMultipart(request)
    const password = parts.text('password')
    if (!password) throw invalid('password', 'is required')
    const entries = await unpack(parts.bytes('backup'))
    const restored = await readBackup(entries, new Secret(password), connectorVersion)
    const solutionManagement = await usableHere(restored.settings.solutionManagement)
    // The library is no part of a backup: elsewhere SNC has to be set up again (guide L27966).
    const { snc } = restored.settings
    const hasLibrary = snc !== undefined && (await isLibrary(snc.libraryName))
    await store.change(request.actor, ({ settings }) => {
      const { administrator, lastChannelId = 0, haPeer: _peer, haTerm: _term, snc: _snc, ...others } = restored.settings
      const { haPeer, haTerm } = settings
      const generation = Math.max(administrator.generation, settings.administrator.generation) + 1
      return {
        next: {
          ...restored,
          settings: {
            ...others,
            ...(solutionManagement === undefined ? {} : { solutionManagement }),
            ...(hasLibrary ? { snc } : {}),
            // The pair is what it is now, whatever it was then.
            ...(haPeer === undefined ? {} : { haPeer }),
            ...(haTerm === undefined ? {} : { haTerm }),
            administrator: { ...administrator, generation },
            lastChannelId: Math.max(lastChannelId, settings.lastChannelId ?? 0),
          },
        },
        audit: {
          category: 'Configuration',
          action: 'update',
          object: 'connector',
          details: { how: 'restore', ...(snc !== undefined && !hasLibrary ? { withoutSnc: snc.libraryName } : {}) },
        },
        result: undefined,
      }
    })
    // What was counted belonged to another configuration (guide L29121).
    context.forgetTraffic()
    context.restartAfter(reply)
    return sendNothing(reply)
  })
}

/** Paths that do not exist on this host fall back to their defaults (guide L27954). */
async function usableHere(settings: SolutionManagement | undefined): Promise<SolutionManagement | undefined> {
  if (settings === undefined || settings.hostAgentPath === '') return settings
  const isThere = await access(settings.hostAgentPath).then(
    () => true,
    () => false,
  )
  return isThere ? settings : { ...settings, hostAgentPath: '' }
}

async function unpack(archive: Buffer): Promise<BackupEntries> {
  try {
    return await fromZip(archive)
  } catch (failure) {
    if (failure instanceof ZipRefusal) throw invalid('backup', failure.message)
    throw failure
  }
}
