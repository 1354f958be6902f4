import { rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { Option } from 'commander'
import { addCommand, addGroup, type CommandContext } from '../../command-spec.ts'
import type { OperatorClient } from '../../operator/operator-client.ts'
import { subaccountOptions, withSubaccount } from '../../operator/with-subaccount.ts'
import { fileReason } from '../../output/file-failure.ts'
import { table } from '../../output/table.ts'
import { fileText } from '../destination/secrets.ts'

interface Common {
  readonly data: string
  readonly subaccount?: string
  readonly json?: boolean
}

/** As the operator API shows one. */
interface ShownMapping {
  readonly id: string
  readonly kind: string
  readonly user: string
  readonly subject: string
  readonly issuer: string
  readonly fingerprint?: string
  readonly notAfter?: string
  readonly validity?: string
  readonly createdAt: string
}

interface ShownUser {
  readonly name: string
  readonly description: string
  readonly instances: Readonly<Record<string, string>>
}

/** `landbridge certificates mappings ACTION`: which client certificates stand for which communication users. */
export function addMappingCommands(certificates: CommandContext): void {
  const group = addGroup(certificates, 'mappings', 'client certificates of callers and the users that they stand for', [
    ['landbridge certificates mappings add erp.crt --user _ERP', 'assign a certificate to a user'],
    ['landbridge certificates mappings list --fingerprint 3A:5F', 'find the user of a certificate'],
    ['landbridge certificates mappings delete 5c0e…', 'as `list` shows the ID'],
    ['landbridge certificates mappings key-pair --user _ERP --out erp.p12', 'for a caller without a certificate'],
  ])
  addList(group)
  addAdd(group)
  addDelete(group)
  addKeyPair(group)
}

/** `landbridge certificates users ACTION`: communication users. */
export function addCommunicationUserCommands(certificates: CommandContext): void {
  const group = addGroup(certificates, 'users', 'communication users: the systems that call with a certificate', [
    ['landbridge certificates users create _ERP --destination my-destination', 'who may read destinations'],
    ['landbridge certificates users list', 'with the service instances that they use'],
  ])
  subaccountOptions(
    addCommand(group, 'create', 'create a communication user', [
      ['landbridge certificates users create _ERP --destination 0b7c…', 'acts as this service instance'],
    ]),
  )
    .argument('<name>', 'name, for example _ERP')
    .addOption(new Option('--destination <id>', 'destination instance as which the user calls the destination service'))
    .addOption(new Option('--connectivity <id>', 'connectivity instance as which the user reaches on-premise systems'))
    .addOption(new Option('--description <text>', 'what the user is for').default(''))
    .action((name: string, options: Common & { destination?: string; connectivity?: string; description: string }) =>
      withSubaccount(options, async (client, { id }) => {
        const { destination, connectivity, description } = options
        const instances = {
          ...(destination === undefined ? {} : { destination }),
          ...(connectivity === undefined ? {} : { connectivity }),
        }
        const body = { name, description, instances }
        const path = `/subaccounts/${id}/communicationUsers`
        const user = (await client.operator({ step: 'create the user', method: 'POST', path, body })) as ShownUser
        group.terminal.print(options.json ? JSON.stringify(user) : `Created the communication user ${user.name}.`)
      }),
    )
  subaccountOptions(
    addCommand(group, 'list', 'list communication users', [['landbridge certificates users list', 'of the demo']]),
  ).action((options: Common) =>
    withSubaccount(options, async (client, { id }) => {
      const path = `/subaccounts/${id}/communicationUsers`
      const users = (await client.operator({ step: 'list communication users', path })) as readonly ShownUser[]
      if (options.json) return group.terminal.print(JSON.stringify(users))
      const rows = users.map(({ name, instances, description }) => [
        name,
        instances.destination ?? '-',
        instances.connectivity ?? '-',
        description,
      ])
      group.terminal.print(table([['USER', 'DESTINATION', 'CONNECTIVITY', 'DESCRIPTION'], ...rows], ''))
    }),
  )
  subaccountOptions(
    addCommand(group, 'delete', 'delete a communication user with all mappings', [
      ['landbridge certificates users delete _ERP', 'certificates of the user are unknown at once'],
    ]),
  )
    .argument('<name>', 'name of the user')
    .action((name: string, options: Common) =>
      withSubaccount(options, async (client, { id }) => {
        const path = `/subaccounts/${id}/communicationUsers/${encodeURIComponent(name)}`
        await client.operator({ step: 'delete the user', method: 'DELETE', path })
        group.terminal.print(options.json ? JSON.stringify({ name }) : `Deleted ${name} and all mappings of it.`)
      }),
    )
}

function addList(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'list', 'list and search mappings', [
      ['landbridge certificates mappings list', 'all of the subaccount'],
      ['landbridge certificates mappings list --subject acme', 'whose subject contains this'],
    ]),
  )
    .addOption(new Option('--fingerprint <hex>', 'beginning of the SHA-256 fingerprint, with or without colons'))
    .addOption(new Option('--subject <text>', 'part of the subject'))
    .addOption(new Option('--user <name>', 'communication user'))
    .action((options: Common & { fingerprint?: string; subject?: string; user?: string }) =>
      withSubaccount(options, async (client, { id }) => {
        const { fingerprint, subject, user } = options
        const given = Object.entries({ fingerprint, subject, user }).filter(([, value]) => value !== undefined)
        const query = new URLSearchParams(given as [string, string][])
        const path = `/subaccounts/${id}/certificateMappings?${query}`
        const mappings = (await client.operator({ step: 'list mappings', path })) as readonly ShownMapping[]
        if (options.json) return group.terminal.print(JSON.stringify(mappings))
        const head = ['USER', 'SUBJECT', 'ISSUER', 'FINGERPRINT', 'VALID UNTIL', 'SINCE', 'ID']
        group.terminal.print(table([head, ...mappings.map(mappingRow)], ''))
      }),
    )
}

function mappingRow(mapping: ShownMapping): readonly string[] {
  const { user, subject, issuer, fingerprint, notAfter, validity, createdAt, id } = mapping
  const until = notAfter === undefined ? '-' : notAfter.slice(0, 10)
  const remark = validity === undefined || validity === 'valid' ? until : `${until} (${validity})`
  return [user, subject, issuer, fingerprint ?? '(pattern)', remark, createdAt.slice(0, 10), id]
}

function addAdd(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'add', 'assign a certificate, or all that fit a pattern, to a communication user', [
      ['landbridge certificates mappings add erp.crt --user _ERP', 'this certificate'],
      [
        'landbridge certificates mappings add --pattern "CN=*.erp.example,O=Acme" --issuer ca.crt --user _ERP',
        'all of this authority with such a subject',
      ],
    ]),
  )
    .argument('[file]', 'certificate, PEM')
    .requiredOption('--user <name>', 'communication user')
    .addOption(new Option('--pattern <subject>', 'subject in which * stands for any text; needs --issuer'))
    .addOption(
      new Option('--issuer <file>', 'certificate of the authority, PEM; it is trusted for patterns from now on'),
    )
    .action((file: string | undefined, options: Common & { user: string; pattern?: string; issuer?: string }) =>
      withSubaccount(options, async (client, { id }) => {
        const { user, pattern, issuer } = options
        const read = (name: string) => fileText(resolve(group.terminal.workingDirectory, name))
        const trusted = issuer === undefined ? undefined : await trustIssuer(client, read(issuer))
        const body = {
          user,
          ...(file === undefined ? {} : { certificate: read(file) }),
          ...(pattern === undefined ? {} : { subjectPattern: pattern }),
          ...(trusted === undefined ? {} : { issuerFingerprint: trusted }),
        }
        const path = `/subaccounts/${id}/certificateMappings`
        const made = (await client.operator({
          step: 'assign the certificate',
          method: 'POST',
          path,
          body,
        })) as ShownMapping
        const words = `Assigned ${made.subject} to ${made.user}. ID of the mapping: ${made.id}`
        group.terminal.print(options.json ? JSON.stringify(made) : words)
      }),
    )
}

async function trustIssuer(client: OperatorClient, certificate: string): Promise<string> {
  const call = { step: 'trust the issuer', method: 'POST', path: '/trustedIssuers', body: { certificate } } as const
  return ((await client.operator(call)) as { readonly fingerprint: string }).fingerprint
}

function addDelete(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'delete', 'delete a mapping', [
      ['landbridge certificates mappings delete 5c0e…', 'the certificate is unknown at once, on every replica'],
    ]),
  )
    .argument('<id>', 'ID of the mapping')
    .action((mapping: string, options: Common) =>
      withSubaccount(options, async (client, { id }) => {
        const path = `/subaccounts/${id}/certificateMappings/${encodeURIComponent(mapping)}`
        await client.operator({ step: 'delete the mapping', method: 'DELETE', path })
        group.terminal.print(options.json ? JSON.stringify({ id: mapping }) : `Deleted the mapping ${mapping}.`)
      }),
    )
}

function addKeyPair(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'key-pair', 'make a key pair for a communication user and assign its certificate', [
      [
        'landbridge certificates mappings key-pair --user _ERP --out erp.p12 --password-file p12-password',
        'writes PKCS#12; the key is kept nowhere else',
      ],
    ]),
  )
    .requiredOption('--user <name>', 'communication user')
    .requiredOption('--out <file>', 'where to write the PKCS#12 file; it must not exist yet')
    .requiredOption('--password-file <file>', 'file with the password that protects the PKCS#12 file')
    .addOption(
      new Option('--key <algorithm>', 'kind of key')
        .choices(['EC-P256', 'RSA-2048', 'RSA-3072', 'RSA-4096'])
        .default('EC-P256'),
    )
    .addOption(new Option('--days <days>', 'validity').default('365'))
    .action((options: Common & { user: string; out: string; passwordFile: string; key: string; days: string }) =>
      withSubaccount(options, async (client, { id }) => {
        const { user, key: keyAlgorithm, days } = options
        const { workingDirectory } = group.terminal
        const password = fileText(resolve(workingDirectory, options.passwordFile))
        const file = resolve(workingDirectory, options.out)
        // First, so that no key pair is made whose file cannot be kept.
        writeNew(file, new Uint8Array())
        const path = `/subaccounts/${id}/communicationUsers/${encodeURIComponent(user)}/keyPairs`
        const body = { password, keyAlgorithm, validityDays: Number(days) }
        const content = await client
          .operatorFile({ step: 'make the key pair', method: 'POST', path, body })
          .catch((failure: unknown) => {
            rmSync(file, { force: true })
            throw failure
          })
        writeFileSync(file, content, { mode: 0o600 })
        const words = `Wrote ${file}. Its certificate stands for ${user} from now on.`
        group.terminal.print(options.json ? JSON.stringify({ file, user }) : words)
      }),
    )
}

function writeNew(file: string, content: Uint8Array): void {
  try {
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const reason = fileReason(cause, 'it cannot be written')
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason }, { cause })
  }
}
