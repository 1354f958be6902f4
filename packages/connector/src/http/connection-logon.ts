import { H, type RequestHead, type ResponseHead } from '@landbridge/http1'

/** NTLM, Negotiate (and its relatives such as Nego2) and Kerberos. */
const challenge = /(?:^|,)\s*(?:ntlm|nego|kerberos)/i
const letterK = 0x6b
const letterN = 0x6e

/**
 * Whether a request logs on by a scheme that may log on the whole connection instead of the request (RFC 4559 section 6,
 * MS-NTHT): from then on every request of that connection counts as the user's. More schemes than necessary do no harm.
 */
export function logsOnConnection(source: Buffer, head: RequestHead): boolean {
  for (let i = head.find(H.authorization); i >= 0; i = head.find(H.authorization, i + 1)) {
    const first = source[head.valueStart[i]!]! | 0x20
    if (first !== letterN && first !== letterK) continue
    if (challenge.test(source.toString('latin1', head.valueStart[i]!, head.valueEnd[i]!))) return true
  }
  return false
}

/** Whether an answer 401 offers such a scheme, or goes on with it. */
export function asksForConnectionLogon(source: Buffer, head: ResponseHead): boolean {
  for (let i = head.find(H.wwwAuthenticate); i >= 0; i = head.find(H.wwwAuthenticate, i + 1))
    if (challenge.test(source.toString('latin1', head.valueStart[i]!, head.valueEnd[i]!))) return true
  return false
}
