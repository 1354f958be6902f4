import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { TestCertificate } from './certificate.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temp.ts'

/** Program, modules and schemas of OpenLDAP. */
export interface SlapdFiles {
  readonly program: string
  readonly modules: string
  readonly schemas: string
}

export interface OpenLdap {
  readonly port: number
  readonly securePort: number
  readonly base: string
  readonly administrator: { readonly dn: string; readonly password: string }
  stop(): Promise<void>
}

/**
 * OpenLDAP of this machine: where Debian installs it, or below `LANDBRIDGE_SLAPD_ROOT` (the package unpacked elsewhere,
 * with a script `slapd` beside it that knows its libraries).
 */
export function findSlapd(): SlapdFiles | undefined {
  const root = process.env.LANDBRIDGE_SLAPD_ROOT
  const files =
    root === undefined
      ? { program: '/usr/sbin/slapd', modules: '/usr/lib/ldap', schemas: '/etc/ldap/schema' }
      : {
          program: join(root, 'slapd'),
          modules: join(root, 'root/usr/lib/ldap'),
          schemas: join(root, 'root/etc/ldap/schema'),
        }
  return existsSync(files.program) ? files : undefined
}

/** Starts OpenLDAP with an empty directory `dc=corp`, with and without TLS. */
export async function startSlapd(files: SlapdFiles, { certificate, key }: TestCertificate): Promise<OpenLdap> {
  const folder = temporaryFolder()
  const [port, securePort] = [await freePort(), await freePort()]
  const base = 'dc=corp'
  const administrator = { dn: `cn=admin,${base}`, password: 'admin-pass' }
  const path = (name: string): string => join(folder.path, name)
  mkdirSync(path('db'))
  writeFileSync(path('cert.pem'), certificate)
  writeFileSync(path('key.pem'), key)
  writeFileSync(
    path('slapd.conf'),
    `include ${files.schemas}/core.schema
include ${files.schemas}/cosine.schema
include ${files.schemas}/inetorgperson.schema
modulepath ${files.modules}
moduleload back_mdb
TLSCertificateFile ${path('cert.pem')}
TLSCertificateKeyFile ${path('key.pem')}
database mdb
suffix "${base}"
rootdn "${administrator.dn}"
rootpw ${administrator.password}
directory ${path('db')}
`,
  )
  const urls = `ldap://127.0.0.1:${port}/ ldaps://127.0.0.1:${securePort}/`
  const child = spawn(files.program, ['-d', '0', '-f', path('slapd.conf'), '-h', urls], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await listening(port, child)
  return {
    port,
    securePort,
    base,
    administrator,
    async stop() {
      child.kill()
      await exited
      folder[Symbol.dispose]()
    },
  }
}

/** Resolves when the port accepts connections. @throws Error when the process ends before */
async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    )
    socket.destroy()
    if (isOpen) return
    await wait(50)
  }
  throw new Error(`slapd ended with ${child.exitCode}`)
}
