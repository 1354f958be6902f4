import type { DomainMapping } from '@landbridge/connector'
import { type Fields, invalid } from '../body/fields.ts'

/** Reads a mapping of cookie domains. @throws PlatformError REQUEST_INVALID */
export function readDomainMapping(fields: Fields): DomainMapping {
  return { virtualDomain: readDomain(fields, 'virtualDomain'), internalDomain: readDomain(fields, 'internalDomain') }
}

/** It is written into heads of responses: what could end an attribute, a header or the room for them stays out. */
function readDomain(fields: Fields, name: string): string {
  const domain = fields.required(name)
  if (!/^[\x21-\x7e]{1,253}$/.test(domain) || /[;,="]/.test(domain))
    throw invalid(name, 'must be a domain: at most 253 printable characters without blanks, commas and semicolons')
  return domain
}
