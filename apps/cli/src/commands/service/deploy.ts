import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ServiceCredentials } from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { OperatorClient, Subaccount } from '../../operator/operator-client.ts'
import { catalogIds, instanceNamed, listBindings } from '../../operator/service-instances.ts'
import { fileReason } from '../../output/file-failure.ts'

/**
 * Deploys content (guide L6322-6594): resolves service keys by name, then updates the destination instance with the
 * result, so that levels, policies and "all or nothing" are those of `init_data`.
 * @throws PlatformError CLI_FILE_UNUSABLE, CLI_NAME_UNKNOWN, CLI_STEP_REFUSED, DESTINATION_INIT_DATA_FAILED
 */
export async function deployContent(
  client: OperatorClient,
  subaccount: Subaccount,
  instanceName: string,
  content: unknown,
): Promise<void> {
  const { resolveContent } = await import('@landbridge/destinations')
  const { id, service, plan } = await instanceNamed(client, subaccount.id, instanceName)
  const init_data = await resolveContent(content, (instance, key) => keyNamed(client, subaccount, instance, key))
  await client.broker({
    step: 'deploy the content',
    method: 'PATCH',
    path: `/service_instances/${id}`,
    body: { ...(await catalogIds(client, service, plan)), parameters: { init_data } },
  })
}

/** A YAML or JSON document with `subaccount` and `instance`, or one that has them below `content`. */
export async function readContent(path: string, workingDirectory: string): Promise<unknown> {
  const { parse } = await import('yaml')
  const file = resolve(workingDirectory, path)
  let document: unknown
  try {
    document = parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const code = fileReason(cause, 'it is not YAML')
    // The parser's message quotes the text, which may hold secrets.
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason: code })
  }
  if (typeof document !== 'object' || document === null)
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason: 'it holds no content' })
  return 'content' in document ? document.content : document
}

/** The key `<instance>-service-key`, made when it is missing (guide L5986-6042). @returns its name */
export async function ensureServiceKey(
  client: OperatorClient,
  subaccount: Subaccount,
  instanceName: string,
): Promise<string> {
  const { id, service, plan } = await instanceNamed(client, subaccount.id, instanceName)
  const name = `${instanceName}-service-key`
  if (!(await listBindings(client, id)).some((binding) => binding.name === name))
    await client.broker({
      step: 'create the service key',
      method: 'PUT',
      path: `/service_instances/${id}/service_bindings/${randomUUID()}`,
      body: { ...(await catalogIds(client, service, plan)), context: { binding_name: name } },
    })
  return name
}

async function keyNamed(
  client: OperatorClient,
  subaccount: Subaccount,
  instanceName: string,
  keyName: string,
): Promise<ServiceCredentials> {
  const instance = await instanceNamed(client, subaccount.id, instanceName)
  const bindings = await listBindings(client, instance.id)
  const binding = bindings.find(({ name }) => name === keyName)
  if (binding === undefined)
    throw new PlatformError('CLI_NAME_UNKNOWN', {
      kind: `key of ${instanceName}`,
      name: keyName,
      known: bindings.map(({ name }) => name),
    })
  const bound = await client.operator({ step: 'read the service key', path: `/bindings/${binding.id}` })
  return (bound as { readonly credentials: ServiceCredentials }).credentials
}
