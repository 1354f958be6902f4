import { errorArea } from './entry.ts'

/** Errors of the Open Service Broker API. */
export const brokerErrors = errorArea({
  BROKER_CREDENTIALS_WRONG: {
    http: 401,
    level: 'warn',
    retry: 'never',
    title: 'The user name or password of the service broker is wrong',
    remedy:
      'Operator: register the broker with the user and password that the cloud process was given or generated in its data directory.',
    show: [],
  },
  BROKER_VERSION_UNSUPPORTED: {
    http: 412,
    level: 'info',
    retry: 'never',
    title: 'The header X-Broker-API-Version is missing or names a version that this broker does not speak',
    remedy: 'Caller: send a version from 2.0 on, below 3.0.',
    show: ['version'],
  },
  BROKER_CONFLICT: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'The ID belongs to an instance or binding with other attributes',
    remedy: 'Caller: choose another ID, or repeat the first request unchanged.',
    show: ['id'],
  },
  BROKER_BUSY: {
    http: 422,
    level: 'info',
    retry: 'later',
    title: 'Another operation on this instance or binding is in progress',
    remedy: 'Caller: repeat the request when the other operation has ended.',
    show: ['id'],
  },
  BROKER_GONE: {
    http: 410,
    level: 'info',
    retry: 'never',
    title: 'There is no such instance or binding any more',
    remedy: 'Caller: nothing is left to do.',
    show: [],
  },
})
