import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalCa, OwnCertificate } from '@landbridge/identity'
import { startChild } from '../host/children.ts'
import { freePort, untilListening } from '../host/ports.ts'

/** An internal system that knows its users by certificate. */
export interface SecureBackend {
  /** GET /small over plain HTTP. */
  readonly plainPort: number
  /** GET /small and, for requests that carry a user only, GET /user; both over mutual TLS. */
  readonly securePort: number
  readonly pid: number
  stop(): Promise<void>
}

/** Starts nginx with one worker: it demands the connector's certificate and believes its header. */
export async function startSecureBackend(
  nginx: string,
  folder: string,
  ca: LocalCa,
  connector: OwnCertificate,
): Promise<SecureBackend> {
  mkdirSync(folder, { recursive: true })
  const [plainPort, securePort] = [await freePort(), await freePort()]
  const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const tls = `ssl_certificate ${file('server.pem', server.cert)}; ssl_certificate_key ${file('server.key', server.key)};
    ssl_verify_client on; ssl_client_certificate ${file('connector.pem', connector.cert)};`
  const child = startChild(nginx, [
    '-p',
    folder,
    '-c',
    file('nginx.conf', configuration(folder, plainPort, securePort, tls)),
  ])
  await untilListening(plainPort, child.lastWords)
  await untilListening(securePort, child.lastWords)
  return { plainPort, securePort, pid: child.pid, stop: () => child.stop() }
}

function configuration(folder: string, plainPort: number, securePort: number, tls: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ')
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const small = `return 200 "${'0123456789'.repeat(7)}\\n";`
  return `daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr warn; ${user}
events { worker_connections 8192; }
http {
  access_log off; tcp_nodelay on; default_type text/plain; ${temporary}
  keepalive_requests 1000000000; keepalive_timeout 1h; underscores_in_headers on; client_header_buffer_size 8k;
  server {
    listen 127.0.0.1:${plainPort} backlog=4096;
    location = /small { ${small} }
  }
  server {
    listen 127.0.0.1:${securePort} ssl backlog=4096; ${tls}
    location = /small { ${small} }
    location = /user { if ($http_ssl_client_cert = "") { return 403; } ${small} }
  }
}
`
}
