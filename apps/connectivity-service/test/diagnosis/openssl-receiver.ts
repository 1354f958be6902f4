import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import type { LocalCa } from '@landbridge/identity'
import { temporaryFolder } from '@landbridge/testkit'

/** Why a test has to be skipped on this machine; false where it need not. Node cannot send the alerts that are tested. */
export const withoutOpenssl =
  spawnSync('openssl', ['version']).status === 0
    ? false
    : 'there is no openssl in the path, and servers of Node close without the TLS alert that is read here'

export interface OpensslReceiverOptions {
  readonly cert: string
  readonly key: string
  /** The only authority whose client certificates it takes. */
  readonly ca: LocalCa
}

/** A receiver that says by a TLS alert why it refuses a certificate; Node's servers close without one. Ends with the file. */
export async function opensslReceiver({ cert, key, ca }: OpensslReceiverOptions): Promise<string> {
  const folder = temporaryFolder()
  const file = (name: string, content: string): string => {
    const path = join(folder.path, name)
    writeFileSync(path, content)
    return path
  }
  const words = ['-accept', '127.0.0.1:0', '-www', '-tls1_2', '-Verify', '1', '-verify_return_error']
  const pair = ['-cert', file('cert.pem', cert), '-key', file('key.pem', key)]
  const child = spawn('openssl', ['s_server', ...words, ...pair, '-CAfile', file('ca.pem', ca.certificatePem)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  after(async () => {
    const ended = once(child, 'exit')
    child.kill()
    await ended
    folder[Symbol.dispose]()
  })
  for await (const line of createInterface(child.stdout)) {
    const port = /^ACCEPT .*:(\d+)$/.exec(line)?.[1]
    if (port !== undefined) {
      child.stdout.resume()
      return `https://127.0.0.1:${port}/`
    }
  }
  throw new Error('openssl s_server did not start')
}
