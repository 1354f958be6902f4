import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temp.ts'

const run = promisify(execFile)
const kdcProgram = '/usr/lib/heimdal-servers/kdc'
const kadminProgram = '/usr/bin/kadmin.heimdal'

/** A Kerberos realm with a real KDC (Heimdal, as Debian packages it), or why there is none. */
export type KerberosRealm = RunningRealm | { readonly unavailable: string }

export interface RunningRealm {
  readonly realm: string
  /** `127.0.0.1:<port>` */
  readonly kdc: string
  /** Adds principals with random keys. */
  add(...names: readonly string[]): Promise<void>
  /** Lets an account act for users, towards these services only. */
  allowDelegation(account: string, ...services: readonly string[]): Promise<void>
  /** The keys of a principal, as a file. */
  keyTable(name: string): Promise<Buffer>
  stop(): Promise<void>
}

export async function startKerberosRealm(realm = 'PLANT.TEST'): Promise<KerberosRealm> {
  for (const program of [kdcProgram, kadminProgram])
    if (!existsSync(program))
      return { unavailable: `${program} is missing (Debian: apt-get install heimdal-kdc heimdal-clients)` }
  const folder = temporaryFolder()
  const port = await freePort()
  const file = (name: string): string => join(folder.path, name)
  writeFileSync(file('kdc.conf'), configuration(realm, port, file))
  const kadmin = (...words: readonly string[]) =>
    run(kadminProgram, ['-l', `--config-file=${file('kdc.conf')}`, ...words])
  await kadmin('init', '--realm-max-ticket-life=unlimited', '--realm-max-renewable-life=unlimited', realm)
  const kdc = spawn(kdcProgram, [`--config-file=${file('kdc.conf')}`], { stdio: 'ignore', detached: true })
  await untilListening(kdc, port)
  const named = (name: string): string => `${name}@${realm}`
  return {
    realm,
    kdc: `127.0.0.1:${port}`,
    async add(...names) {
      for (const name of names) await kadmin('add', '--random-key', '--use-defaults', named(name))
    },
    async allowDelegation(account, ...services) {
      await kadmin('modify', '--attributes=+trusted-for-delegation', named(account))
      for (const service of services)
        await kadmin('modify', `--constrained-delegation=${named(service)}`, named(account))
    },
    async keyTable(name) {
      const path = file(`${name.replaceAll('/', '-')}.keytab`)
      await kadmin('ext_keytab', '-k', path, named(name))
      return readFileSync(path)
    },
    async stop() {
      const gone = once(kdc, 'exit')
      // It forks: all of its group.
      process.kill(-(kdc.pid ?? 0), 'SIGKILL')
      await gone
      folder[Symbol.dispose]()
    },
  }
}

function configuration(realm: string, port: number, file: (name: string) => string): string {
  return `[libdefaults]
  default_realm = ${realm}
[kdc]
  database = {
    dbname = ${file('database')}
    realm = ${realm}
    mkey_file = ${file('master-key')}
    acl_file = ${file('acl')}
    log_file = ${file('log')}
  }
  addresses = 127.0.0.1
  ports = ${port}/tcp
[logging]
  kdc = FILE:${file('kdc.log')}
`
}

async function untilListening(kdc: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (kdc.exitCode !== null) throw new Error(`the KDC ended with ${kdc.exitCode}`)
    const socket = connect({ port, host: '127.0.0.1' })
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
