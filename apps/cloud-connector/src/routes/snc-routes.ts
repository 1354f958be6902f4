import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type ConnectorSettings, qualitiesOfProtection, type SncSettings } from '@landbridge/connector'
import { parseDistinguishedName } from '@landbridge/identity'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { type Fields, invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const url = '/api/v1/configuration/connector/onPremise/snc'

/** Library, own name and protection of RFC with SNC (guide L18972); the original has them in its pages only. */
export function sncRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  api.get(url, async (_request, reply) => sendJson(reply, await shown(configured(store.current.settings))))
  api.put(url, async (request, reply) => {
    const snc = await readSettings(readFields(request))
    const { libraryName, myName, qualityOfProtection } = snc
    await store.change(request.actor, (current) => ({
      next: { ...current, settings: { ...current.settings, snc } },
      audit: {
        category: 'SNCSettings',
        action: 'update',
        object: 'snc',
        details: { libraryName, myName, qualityOfProtection },
      },
      result: undefined,
    }))
    return sendNothing(reply)
  })
  api.delete(url, async (request, reply) => {
    await store.change(request.actor, (current) => {
      configured(current.settings)
      const { snc, ...settings } = current.settings
      return {
        next: { ...current, settings },
        audit: { category: 'SNCSettings', action: 'delete', object: 'snc' },
        result: undefined,
      }
    })
    return sendNothing(reply)
  })
}

/** Whether the library is where the settings say. It is looked for, never opened. */
export async function isLibrary(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  )
}

function configured({ snc }: ConnectorSettings): SncSettings {
  if (snc === undefined) throw new PlatformError('CONNECTOR_SNC_NOT_FOUND')
  return snc
}

/** SECUDIR tells where SAP's library would look for its keys (guide L19068). */
async function shown({ libraryName, myName, qualityOfProtection }: SncSettings): Promise<object> {
  const libraryExists = await isLibrary(libraryName)
  return { libraryName, myName, qualityOfProtection, libraryExists, secudir: process.env.SECUDIR ?? '' }
}

async function readSettings(fields: Fields): Promise<SncSettings> {
  const libraryName = fields.required('libraryName')
  if (!isPlainPath(libraryName))
    throw invalid('libraryName', 'must be the absolute path of the SNC library, for example /opt/snc/libsapcrypto.so')
  if (!(await isLibrary(libraryName)))
    throw invalid(
      'libraryName',
      'names no file on this machine: install the library first, where the user of the Cloud Connector may read it',
    )
  const level = fields.required('qualityOfProtection')
  const qualityOfProtection = qualitiesOfProtection.find((known) => String(known) === level)
  if (qualityOfProtection === undefined)
    throw invalid(
      'qualityOfProtection',
      'must be 1 (authentication), 2 (integrity), 3 (privacy), 8 (default) or 9 (maximum)',
    )
  return { libraryName, myName: readName(fields.text('myName') ?? ''), qualityOfProtection }
}

/** Absolute and of this machine: two slashes at the beginning may name another one, which would be asked for the file. */
function isPlainPath(path: string): boolean {
  return isAbsolute(path) && !/^[\\/]{2}/.test(path) && path.length <= 4096 && !/\p{Cc}/u.test(path)
}

/** `p:` and a distinguished name, or a name of another kind of library such as `p:connector@REALM`. */
function readName(text: string): string {
  if (text === '') return text
  const name = /^[psu](?:\/[A-Za-z0-9]{1,20})?:([^\p{Cc}]{1,1024})$/u.exec(text)?.[1]?.trim()
  if (!name) throw invalid('myName', 'must be an SNC name such as p:CN=connector, O=Example, C=DE, or empty')
  if (!name.includes('=')) return text
  try {
    parseDistinguishedName(name)
  } catch (failure) {
    if (!isPlatformError(failure, 'SUBJECT_INVALID')) throw failure
    throw invalid('myName', `holds no distinguished name: ${String(failure.facts.reason)}`)
  }
  return text
}
