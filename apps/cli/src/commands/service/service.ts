import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { Option } from 'commander'
import { addCommand, addGroup, type CommandContext } from '../../command-spec.ts'
import { jsonArgument } from '../../operator/json-argument.ts'
import { catalogIds, instanceNamed, listBindings, listInstances } from '../../operator/service-instances.ts'
import { subaccountOptions, withSubaccount } from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'
import { writeFileWhole } from '../../state/write-file.ts'
import type { Terminal } from '../../terminal.ts'
import { deployContent, ensureServiceKey, readContent } from './deploy.ts'
import { deleteInstance, unbind } from './removal.ts'

interface ServiceOptions {
  readonly data: string
  readonly subaccount?: string
  readonly json?: boolean
  readonly config?: string
}

/** `landbridge service ACTION`: instances and bindings, ordered from the service broker as any platform would. */
export function addServiceCommands(context: CommandContext): void {
  const group = addGroup(context, 'service', 'create, bind and delete service instances (Open Service Broker API)', [
    ['landbridge service create dest -c config.json', 'a destination instance with its content (init_data)'],
    ['landbridge service bind dest --out key.json', 'credentials of a new binding'],
    ['landbridge service list', 'instances with their bindings'],
    ['landbridge service delete dest --with-bindings', 'remove it with its destinations'],
  ])
  addCreate(group)
  addUpdate(group)
  addBind(group)
  addDeployment(group)
  addRemoval(group)
  subaccountOptions(
    addCommand(group, 'list', 'list service instances with their bindings', [
      ['landbridge service list --subaccount plant', 'those of another subaccount'],
    ]),
  ).action((options: ServiceOptions) => list(group.terminal, options))
}

function addCreate(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'create', 'create a service instance', [
      ['landbridge service create dest', 'an instance of the destination service'],
      ['landbridge service create dest -c config.json', 'with parameters, such as init_data'],
      ['landbridge service create uaa --service xsuaa -c \'{"xsappname":"shop"}\'', 'an OAuth client'],
    ]),
  )
    .argument('<name>', 'name of the instance, unique in its subaccount')
    .addOption(new Option('--service <name>', 'service of the catalog').default('destination'))
    .addOption(new Option('--plan <name>', 'plan of the service (default: its first one)'))
    .addOption(parameters())
    .action((name: string, options: ServiceOptions & { service: string; plan?: string }) =>
      withSubaccount(options, async (client, subaccount) => {
        const id = randomUUID()
        await client.broker({
          step: 'create the instance',
          method: 'PUT',
          path: `/service_instances/${id}`,
          body: {
            ...(await catalogIds(client, options.service, options.plan)),
            context: { platform: 'landbridge', subaccount_id: subaccount.id, instance_name: name },
            ...given(options, group.terminal),
          },
        })
        const words = `Created ${options.service} instance ${name} (${id}).`
        report(group.terminal, options, { id, name, service: options.service }, words)
      }),
    )
}

function addUpdate(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'update', 'update a service instance: new parameters, more content', [
      ['landbridge service update dest -c config.json', 'apply init_data once more'],
      ['landbridge service update dest', 'make X.509 bindings possible for an old instance'],
    ]),
  )
    .argument('<name>', 'name of the instance')
    .addOption(parameters())
    .action((name: string, options: ServiceOptions) =>
      withSubaccount(options, async (client, subaccount) => {
        const { id, service, plan } = await instanceNamed(client, subaccount.id, name)
        await client.broker({
          step: 'update the instance',
          method: 'PATCH',
          path: `/service_instances/${id}`,
          body: { ...(await catalogIds(client, service, plan)), ...given(options, group.terminal) },
        })
        report(group.terminal, options, { id, name, service }, `Updated ${name}.`)
      }),
    )
}

function addBind(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'bind', 'create a binding and print its credentials', [
      ['landbridge service bind dest', 'credentials with a client secret'],
      ['landbridge service bind dest -c \'{"xsuaa":{"credential-type":"x509"}}\'', 'with a client certificate'],
    ]),
  )
    .argument('<name>', 'name of the instance')
    .addOption(new Option('--name <binding>', 'name of the binding (default: <instance>-key-<n>)'))
    .addOption(new Option('--out <file>', 'write the credentials to a file that only you can read'))
    .addOption(parameters())
    .action((name: string, options: ServiceOptions & { name?: string; out?: string }) =>
      withSubaccount(options, async (client, subaccount) => {
        const { id, service, plan } = await instanceNamed(client, subaccount.id, name)
        const count = (await listBindings(client, id)).length
        const binding = options.name ?? `${name}-key-${count + 1}`
        const { credentials } = (await client.broker({
          step: 'create the binding',
          method: 'PUT',
          path: `/service_instances/${id}/service_bindings/${randomUUID()}`,
          body: {
            ...(await catalogIds(client, service, plan)),
            context: { platform: 'landbridge', binding_name: binding },
            ...given(options, group.terminal),
          },
        })) as { readonly credentials: unknown }
        const text = `${JSON.stringify(credentials, null, 2)}\n`
        if (options.out === undefined) {
          group.terminal.print(text.trimEnd())
          return
        }
        const file = resolve(group.terminal.workingDirectory, options.out)
        writeFileWhole(file, text)
        report(group.terminal, options, { name: binding, file }, `Wrote the credentials of ${binding} to ${file}.`)
      }),
    )
}

function addDeployment(group: CommandContext): void {
  const { terminal } = group
  subaccountOptions(
    addCommand(group, 'deploy', 'create destinations from a content document that refers to service keys', [
      ['landbridge service deploy dest content.yaml', 'on the levels that the document names'],
    ]),
  )
    .argument('<instance>', 'the destination instance that takes the content')
    .argument('<file>', 'YAML or JSON with subaccount and instance, also below "content"')
    .action((name: string, file: string, options: ServiceOptions) =>
      withSubaccount(options, async (client, subaccount) => {
        await deployContent(client, subaccount, name, await readContent(file, terminal.workingDirectory))
        report(terminal, options, { name, file }, `Deployed ${file} to ${name}.`)
      }),
    )
  subaccountOptions(
    addCommand(group, 'destination', 'create a subaccount destination that leads to a service instance', [
      ['landbridge service destination dest api --of uaa --url https://api.example', 'with tokens of uaa'],
    ]),
  )
    .argument('<instance>', 'the destination instance that takes it')
    .argument('<name>', 'name of the new destination')
    .requiredOption('--of <instance>', 'service instance whose key is used (<instance>-service-key, made when missing)')
    .addOption(new Option('--url <url>', 'address of the service, where its key has none'))
    .action((instance: string, name: string, options: ServiceOptions & { of: string; url?: string }) =>
      withSubaccount(options, async (client, subaccount) => {
        const key = await ensureServiceKey(client, subaccount, options.of)
        const own = options.url === undefined ? {} : { URL: options.url }
        const descriptor = { Name: name, ServiceInstanceName: options.of, ServiceKeyName: key, ...own }
        await deployContent(client, subaccount, instance, { subaccount: { destinations: [descriptor] } })
        report(terminal, options, { name, key }, `Created ${name} with the key ${key}.`)
      }),
    )
}

function addRemoval(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'unbind', 'delete a binding: applications that use it stop working', [
      ['landbridge service unbind dest dest-key-1', 'delete one binding'],
    ]),
  )
    .argument('<name>', 'name of the instance')
    .argument('<binding>', 'name of the binding')
    .action((name: string, binding: string, options: ServiceOptions) =>
      withSubaccount(options, async (client, subaccount) => {
        await unbind(client, await instanceNamed(client, subaccount.id, name), binding)
        report(group.terminal, options, { name, binding }, `Deleted binding ${binding} of ${name}.`)
      }),
    )
  subaccountOptions(
    addCommand(group, 'delete', 'delete a service instance with its destinations', [
      ['landbridge service delete dest', 'refused while it has bindings'],
      ['landbridge service delete dest --with-bindings', 'bindings too'],
    ]),
  )
    .argument('<name>', 'name of the instance')
    .addOption(new Option('--with-bindings', 'delete its bindings first'))
    .action((name: string, options: ServiceOptions & { withBindings?: boolean }) =>
      withSubaccount(options, async (client, subaccount) => {
        const instance = await instanceNamed(client, subaccount.id, name)
        await deleteInstance(client, instance, options.withBindings === true)
        report(group.terminal, options, { name, id: instance.id }, `Deleted ${name}.`)
      }),
    )
}

async function list(terminal: Terminal, options: ServiceOptions): Promise<void> {
  await withSubaccount(options, async (client, subaccount) => {
    const instances = []
    for (const { id, name, service, plan } of await listInstances(client, subaccount.id))
      instances.push({ id, name, service, plan, bindings: await listBindings(client, id) })
    if (options.json) {
      terminal.print(JSON.stringify({ subaccount, instances }))
      return
    }
    const rows = instances.map(({ id, name, service, plan, bindings }) => [
      name,
      service,
      plan,
      bindings.map((binding) => binding.name).join(', ') || '-',
      id,
    ])
    terminal.print(table([['NAME', 'SERVICE', 'PLAN', 'BINDINGS', 'ID'], ...rows], ''))
  })
}

function parameters(): Option {
  return new Option('-c, --config <json>', 'parameters: a JSON file, or JSON in the argument')
}

function given(options: ServiceOptions, terminal: Terminal): { readonly parameters?: unknown } {
  if (options.config === undefined) return {}
  return { parameters: jsonArgument(options.config, terminal.workingDirectory) }
}

function report(terminal: Terminal, options: ServiceOptions, document: object, words: string): void {
  terminal.print(options.json ? JSON.stringify(document) : words)
}
