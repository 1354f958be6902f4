import { Method, type RequestHead } from '@landbridge/http1'
import type { Preface } from '@landbridge/tunnel'

/** The preface decided about access: a request that names another host inside must not reach a virtual host of it. */
export function isAddressedTo(source: Buffer, head: RequestHead, preface: Preface): boolean {
  const { virtualHost, virtualPort } = preface
  if (head.hostEnd - head.hostStart !== virtualHost.length) return false
  if ((head.port < 0 ? 80 : head.port) !== virtualPort) return false
  for (let i = 0; i < virtualHost.length; i++) {
    const byte = source[head.hostStart + i]!
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
    if (lower !== virtualHost.charCodeAt(i)) return false
  }
  return true
}

/** Methods without a body that may be carried out twice (RFC 9110 section 9.2.2). */
export function isSafeToRepeat(method: number): boolean {
  return method === Method.get || method === Method.head || method === Method.options
}
