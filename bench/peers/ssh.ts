import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { runCommand, startChild } from '../host/children.ts'
import { findExecutable } from '../host/executables.ts'
import { freePort, untilListening } from '../host/ports.ts'
import { type Peer, plainEntry } from './peer.ts'

/** Where sshd insists on an empty folder when it runs as root; its service unit creates it, we do the same. */
const separationFolder = '/run/sshd'

/** `ssh -R`: the classic reverse tunnel. One SSH connection multiplexes everything; sshd listens for the clients. */
export const ssh: Peer = {
  name: 'ssh',
  description: 'ssh -R to an sshd of our own, one multiplexed connection, no authorisation per request',
  packageName: 'openssh-server',
  available() {
    if (findExecutable('sshd') === undefined) return 'sshd is not installed'
    return findExecutable('ssh') === undefined ? 'ssh is not installed' : undefined
  },
  async start({ backend, folder }) {
    const [sshPort, web, upload] = [await freePort(), await freePort(), await freePort()]
    const hostKey = await newKey(folder, 'host')
    const userKey = await newKey(folder, 'user')
    const configuration = join(folder, 'sshd_config')
    writeFileSync(configuration, serverConfiguration(sshPort, hostKey, `${userKey}.pub`))
    provideSeparationFolder()
    const server = startChild(findExecutable('sshd') ?? 'sshd', ['-D', '-e', '-f', configuration])
    await untilListening(sshPort, server.lastWords)
    const client = startChild(
      'ssh',
      clientArguments(sshPort, userKey, { [web]: backend.webPort, [upload]: backend.uploadPort }),
    )
    await untilListening(upload, () => `${server.lastWords()}\n${client.lastWords()}`)
    return {
      web: plainEntry(web),
      upload: plainEntry(upload),
      pids: { cloud: server.pid, connector: client.pid },
      async stop() {
        await client.stop()
        await server.stop()
      },
    }
  },
}

/** Creates the folder where it is missing, and takes it away again however the benchmark ends. */
function provideSeparationFolder(): void {
  if (userInfo().uid !== 0 || existsSync(separationFolder)) return
  mkdirSync(separationFolder, { mode: 0o755 })
  process.once('exit', () => rmdirSync(separationFolder))
}

async function newKey(folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
  return path
}

function serverConfiguration(port: number, hostKey: string, authorizedKeys: string): string {
  return `ListenAddress 127.0.0.1:${port}
HostKey ${hostKey}
AuthorizedKeysFile ${authorizedKeys}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding yes
PidFile none
LogLevel ERROR
`
}

function clientArguments(port: number, key: string, forwards: Record<number, number>): string[] {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes']
  options.push('ExitOnForwardFailure=yes', 'LogLevel=ERROR')
  return [
    ...['-N', '-F', 'none', '-p', String(port), '-i', key],
    ...options.flatMap((option) => ['-o', option]),
    ...Object.entries(forwards).flatMap(([from, to]) => ['-R', `127.0.0.1:${from}:127.0.0.1:${to}`]),
    `${userInfo().username}@127.0.0.1`,
  ]
}
