import { errorArea } from './entry.ts'

/** Errors of the client certificates of tenants and of their renewal. */
export const certificateRenewalErrors = errorArea({
  TENANT_CERTIFICATE_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no such certificate',
    remedy: 'Operator: list the certificates with "landbridge certificates list" and repeat with one of them.',
    show: ['certificate'],
  },
  TENANT_CERTIFICATE_EXISTS: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'The subaccount has an active client certificate with this name',
    remedy: 'Operator: choose another name, or retire the certificate that has it.',
    show: ['name'],
  },
  TENANT_CERTIFICATE_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The client certificate is not valid',
    remedy: 'Operator: correct the named field and repeat the request.',
    show: ['field', 'reason'],
  },
  TENANT_CERTIFICATE_OUT_OF_USE: {
    http: 410,
    level: 'info',
    retry: 'never',
    title: 'The key of this client certificate cannot be used any more',
    remedy: 'Operator: use the active certificate, which the field "successor" of this one leads to.',
    show: ['certificate', 'state', 'notAfter'],
  },
  RENEWAL_IN_PROGRESS: {
    http: 409,
    level: 'info',
    retry: 'later',
    title: 'Another renewal run is in progress',
    remedy: 'Operator: wait until it is finished; "landbridge certificates runs" shows it.',
    show: ['run', 'holder'],
  },
  RENEWAL_RUN_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no such renewal run',
    remedy: 'Operator: "landbridge certificates runs" lists the runs with their IDs.',
    show: ['run'],
  },
  RENEWAL_DATE_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The date of a renewal run cannot be read',
    remedy: 'Operator: write it like 2027-02-01 or 2027-02-01T00:00:00Z.',
    show: ['given'],
  },
})
