import { type RequestHead, Scheme, TargetForm } from '@landbridge/http1'
import { useHttpRemedy, useHttpText } from './answers.ts'
import { hasRepeatedCredential } from './caller-memo.ts'

/** Longer ones do not fit into the preface of a stream; no DNS name is longer (RFC 1035 section 2.3.4). */
const maxHostBytes = 255

export interface Refusal {
  readonly status: number
  readonly code: string
  readonly lines: readonly string[]
}

/** What is wrong with a well-formed head whoever sent it; null when nothing is. */
export function refusedHead(head: RequestHead): Refusal | null {
  if (head.targetForm !== TargetForm.absolute && head.targetForm !== TargetForm.authority) return targetNotAbsolute
  if (head.hostEnd - head.hostStart > maxHostBytes) return hostTooLong
  return hasRepeatedCredential(head) ? credentialRepeated : null
}

/** CONNECT and https:// targets are for authorised callers to hear about: a stranger learns nothing but 407. */
export function refusedTarget(head: RequestHead): Refusal | null {
  if (head.targetForm === TargetForm.absolute && head.scheme === Scheme.http) return null
  return head.scheme === Scheme.other ? schemeUnknown : httpsTarget
}

const targetNotAbsolute: Refusal = {
  status: 400,
  code: 'TARGET_NOT_ABSOLUTE',
  lines: [
    'This is a proxy: the request line must carry an absolute address.',
    'Caller: configure this address as HTTP proxy, and http://<virtual host>:<virtual port>/<path> as the URL.',
  ],
}
const hostTooLong: Refusal = {
  status: 400,
  code: 'HOST_TOO_LONG',
  lines: [
    `The virtual host is longer than ${maxHostBytes} characters.`,
    'Caller: use a virtual host that a Cloud Connector exposes.',
  ],
}
const credentialRepeated: Refusal = {
  status: 400,
  code: 'CREDENTIAL_REPEATED',
  lines: ['A credential header occurs twice.'],
}
const schemeUnknown: Refusal = {
  status: 400,
  code: 'SCHEME_UNKNOWN',
  lines: ['The scheme of the address is not http.', useHttpRemedy],
}
const httpsTarget: Refusal = { status: 405, code: 'HTTPS_TARGET', lines: [useHttpText, useHttpRemedy] }
