import { errorArea } from './entry.ts'

/** Errors of communication users, of the client certificates assigned to them, and of callers who show one. */
export const certificateMappingErrors = errorArea({
  COMMUNICATION_USER_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The communication user is not valid',
    remedy: 'Administrator: correct the named field and repeat the request.',
    show: ['field', 'reason'],
  },
  COMMUNICATION_USER_TAKEN: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'There is a communication user with this name',
    remedy: 'Administrator: use the existing user or choose another name.',
    show: ['user'],
  },
  COMMUNICATION_USER_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no communication user with this name',
    remedy: 'Administrator: list the communication users of the subaccount, or create this one.',
    show: ['user'],
  },
  CERTIFICATE_ASSIGNED: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'The certificate is assigned to another communication user',
    remedy:
      'Administrator: nothing was changed. Let the counterpart use a key pair of its own (create one for the user), or delete the mapping of the other user first.',
    show: ['detail', 'user'],
  },
  CERTIFICATE_PATTERN_AMBIGUOUS: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'Some certificates would fit this pattern and one of another communication user',
    remedy:
      'Administrator: nothing was changed. Make the pattern narrower, or assign single certificates: they win over patterns.',
    show: ['pattern', 'user'],
  },
  CERTIFICATE_MAPPING_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no certificate mapping with this ID in the subaccount',
    remedy: 'Administrator: list the mappings of the subaccount and repeat the request with one of them.',
    show: ['mappingId'],
  },
  CERTIFICATE_ISSUER_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'No issuer with this fingerprint is trusted for patterns',
    remedy: 'Operator: add the certificate of the issuing authority to the trusted issuers first.',
    show: ['fingerprint'],
  },
  CERTIFICATE_ISSUER_IN_USE: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'Certificate mappings rely on this issuer',
    remedy: 'Operator: delete the pattern mappings of this issuer first.',
    show: ['fingerprint'],
  },
  CERTIFICATE_ISSUER_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The certificate may not sign others',
    remedy:
      'Operator: give the certificate of the authority that issues the client certificates (CA:TRUE, key usage keyCertSign).',
    show: ['subject'],
  },
  SUBJECT_PATTERN_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The subject pattern is not valid',
    remedy:
      'Administrator: write it like a subject, the most specific attribute first; * stands for any text, for example CN=*.erp.example.com,O=Acme.',
    show: ['reason'],
  },
  PRIVATE_KEY_UNWANTED: {
    http: 400,
    level: 'warn',
    retry: 'never',
    title: 'The upload contains a private key',
    remedy:
      'Administrator: upload the certificate alone. The key has left its place with this request: make a new key pair and use that one.',
    show: [],
  },
  CLIENT_CERTIFICATE_REFUSED: {
    http: 401,
    level: 'warn',
    retry: 'never',
    title: 'The client certificate is not known',
    remedy:
      'Caller: compare the fingerprint of your certificate with the mapping of the receiver. Operator: the log names the cause; delete the mapping and upload the certificate as exported from the sender.',
    show: [],
  },
  CLIENT_CERTIFICATE_TENANT_MISSING: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The request does not say which tenant it is for',
    remedy:
      'Caller: name the tenant. At the token service by its subdomain in the host name or by the parameter zid, elsewhere by the header X-zid (in a destination: the property URL.headers.X-zid); a certificate alone does not name one.',
    show: [],
  },
})
