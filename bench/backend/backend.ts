import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../host/children.ts'
import { findExecutable } from '../host/executables.ts'
import { startNodeScript } from '../host/node-script.ts'
import { freePort, untilListening } from '../host/ports.ts'
import type { Backend } from '../peers/peer.ts'

/** The backend that all peers share. */
export interface RunningBackend extends Backend {
  /** 'nginx' or 'node': who answers the small requests. */
  readonly webServer: string
  readonly pids: Readonly<Record<string, number>>
  stop(): Promise<void>
}

/** Starts nginx for the web part, where installed, and our own process for uploads and echoes. */
export async function startBackend(folder: string, bulkBytes: number): Promise<RunningBackend> {
  const node = await startNodeScript('backend.ts', [String(bulkBytes)])
  const ports = node.ready as unknown as Backend
  const command = findExecutable('nginx')
  if (command === undefined) {
    return { ...ports, webServer: 'node', pids: { backend: node.pid }, stop: node.stop }
  }
  const webPort = await freePort()
  const nginx = startChild(command, ['-p', folder, '-c', configure(folder, webPort, bulkBytes)])
  await untilListening(webPort, nginx.lastWords)
  return {
    ...ports,
    webPort,
    webServer: 'nginx',
    pids: { backend: nginx.pid, upload: node.pid },
    async stop() {
      await nginx.stop()
      await node.stop()
    },
  }
}

/** One worker: on a small machine a second one takes the processor from the proxies and slows everybody. */
function configure(folder: string, port: number, bulkBytes: number): string {
  const root = join(folder, 'root')
  mkdirSync(root)
  const bulk = join(root, 'bulk')
  writeFileSync(bulk, '')
  truncateSync(bulk, bulkBytes)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ')
  // As root, nginx would hand its worker to a user who cannot read our files.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr warn; ${user}
events { worker_connections 8192; }
http {
  access_log off; sendfile on; tcp_nodelay on; default_type text/plain; ${temporary}
  keepalive_requests 1000000000; keepalive_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${root};
    location = /small { return 200 "${'0123456789'.repeat(7)}\\n"; }
  }
}
`,
  )
  return file
}
