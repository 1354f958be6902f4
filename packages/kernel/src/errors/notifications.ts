import { errorArea } from './entry.ts'

/** Errors of the notification centre and of the diagnosis of certificates. */
export const notificationErrors = errorArea({
  NOTIFICATION_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no such notification',
    remedy: 'Operator: list them with "landbridge notifications list" and repeat with one of them.',
    show: ['notification'],
  },
  NOTIFICATION_WITHOUT_CERTIFICATE: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'The notification has no certificate to download',
    remedy: 'Operator: ask the owner of the certificate for it; the platform keeps its fingerprint only.',
    show: ['notification'],
  },
  NOTIFICATION_DELIVERY_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is no such failed delivery',
    remedy:
      'Operator: list them with "landbridge notifications deliveries --state failed" and repeat with one of them.',
    show: ['delivery'],
  },
  NOTIFICATION_RECIPIENT_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'This recipient of notifications cannot be used',
    remedy: 'Operator: correct the named field and repeat the request.',
    show: ['field', 'reason'],
  },
  NOTIFICATION_RECIPIENT_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'The subaccount has no such recipient of notifications',
    remedy: 'Operator: list its IT contacts, subscriptions or webhooks and repeat with one of them.',
    show: ['recipient'],
  },
  IT_CONTACT_TAKEN: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'The subaccount has an IT contact with this address',
    remedy: 'Operator: nothing is to be done; to change the name, delete the contact first.',
    show: ['email'],
  },
  DIAGNOSIS_SUBJECT_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is nothing with this name to diagnose',
    remedy:
      'Operator: repeat with the name of a destination, or of a certificate as "landbridge certificates list" shows it.',
    show: ['name'],
  },
  DIAGNOSIS_IMPOSSIBLE: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'This cannot be diagnosed',
    remedy: 'Operator: do what the reason names, or choose something that presents a client certificate.',
    show: ['name', 'reason'],
  },
})
