import { PlatformError } from '@landbridge/kernel'
import type { OperatorClient } from '../../operator/operator-client.ts'
import { type BindingRow, catalogIds, type InstanceRow, listBindings } from '../../operator/service-instances.ts'

/** @throws PlatformError CLI_NAME_UNKNOWN, CLI_STEP_REFUSED */
export async function unbind(client: OperatorClient, instance: InstanceRow, name: string): Promise<void> {
  const all = await listBindings(client, instance.id)
  const binding = all.find((candidate) => candidate.name === name)
  if (binding === undefined)
    throw new PlatformError('CLI_NAME_UNKNOWN', { kind: 'binding', name, known: all.map((one) => one.name) })
  await removeBinding(client, instance, binding)
}

/** @throws PlatformError CLI_STEP_REFUSED, also when it has bindings and they shall stay */
export async function deleteInstance(
  client: OperatorClient,
  instance: InstanceRow,
  withBindings: boolean,
): Promise<void> {
  if (withBindings)
    for (const binding of await listBindings(client, instance.id)) await removeBinding(client, instance, binding)
  const path = `/service_instances/${instance.id}?${await query(client, instance)}`
  await client.broker({ step: 'delete the instance', method: 'DELETE', path })
}

async function removeBinding(client: OperatorClient, instance: InstanceRow, { id }: BindingRow): Promise<void> {
  const path = `/service_instances/${instance.id}/service_bindings/${id}?${await query(client, instance)}`
  await client.broker({ step: 'delete the binding', method: 'DELETE', path })
}

async function query(client: OperatorClient, { service, plan }: InstanceRow): Promise<string> {
  return new URLSearchParams({ ...(await catalogIds(client, service, plan)) }).toString()
}
