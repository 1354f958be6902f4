import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { selfSignedCertificate } from '@landbridge/testkit'

/** `wan` is TCP through a relay that holds every byte back for 20 ms in each direction. */
export type Link = 'tcp' | 'tls' | 'wan'

const wanDelayMs = 20

const identity = await selfSignedCertificate()

/** Two ends of one loopback connection in this process; `tls` means mutual TLS 1.3. */
export async function openLink(link: Link): Promise<{ near: Socket; far: Socket }> {
  if (link === 'wan') return openWan()
  const { certificate, key } = identity
  const credentials = { cert: certificate, key, ca: certificate }
  const listener = link === 'tcp' ? createServer() : tls.createServer({ ...credentials, requestCert: true })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const accepted = once(listener, link === 'tcp' ? 'connection' : 'secureConnection')
  const near =
    link === 'tcp'
      ? connect(port, '127.0.0.1')
      : tls.connect({
          ...credentials,
          host: '127.0.0.1',
          port,
          servername: 'localhost',
          checkServerIdentity: () => undefined,
        })
  const [far] = (await accepted) as [Socket]
  listener.close()
  return { near, far }
}

async function openWan(): Promise<{ near: Socket; far: Socket }> {
  const left = await openLink('tcp')
  const right = await openLink('tcp')
  const forward = (source: Socket, target: Socket) => {
    source.on('data', (bytes: Buffer) => setTimeout(() => target.write(bytes), wanDelayMs))
    source.on('close', () => target.destroy())
    source.on('error', () => {})
  }
  forward(left.far, right.near)
  forward(right.near, left.far)
  return { near: left.near, far: right.far }
}
