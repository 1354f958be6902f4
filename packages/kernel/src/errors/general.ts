import { errorArea } from './entry.ts'

/** Errors that belong to no single area: configuration, storage, input. */
export const generalErrors = errorArea({
  CONFIG_INVALID: {
    http: 500,
    level: 'error',
    retry: 'never',
    title: 'The configuration is not valid',
    remedy: 'Operator: correct each listed key in the named file, environment variable or option, then start again.',
    show: ['file', 'problems'],
  },
  STORE_NEWER: {
    http: 500,
    level: 'error',
    retry: 'never',
    title: 'The data was written by a newer version',
    remedy: 'Operator: start the version that wrote the data, or point --data to another directory.',
    show: ['path', 'found', 'supported'],
  },
  STORE_UNUSABLE: {
    http: 503,
    level: 'error',
    retry: 'later',
    title: 'The database cannot be used',
    remedy:
      'Operator: see the reason. Check that the database runs and that its URL, user and password are right; put a damaged file back from a backup. Then start again.',
    show: ['database', 'reason'],
  },
  STORE_FULL: {
    http: 507,
    level: 'error',
    retry: 'later',
    title: 'The change could not be saved because the disk is full',
    remedy: 'Operator: free space on the disk of the data directory and repeat the request. Nothing was changed.',
    show: [],
  },
  STORE_FAILED: {
    http: 503,
    level: 'error',
    retry: 'later',
    title: 'The store could not carry out the operation',
    remedy:
      'Operator: check that the database is reachable and the data directory writable; see the log for the cause.',
    show: [],
  },
  STORE_KEYS_CHANGING: {
    http: 503,
    level: 'error',
    retry: 'later',
    title: 'The keys that seal the secrets of the database are being changed',
    remedy:
      'Operator: wait until "landbridge keys rotate" has ended, then start again with the key file that it has written.',
    show: [],
  },
  SEALING_KEY_MISSING: {
    http: 500,
    level: 'error',
    retry: 'never',
    title: 'A stored secret is sealed with a key that is not here',
    remedy:
      'Operator: add the key with this ID as a further line of the key file, or as a former key in the configuration, and start again; "landbridge keys list" shows the IDs.',
    show: ['keyId', 'known'],
  },
  PORT_IN_USE: {
    http: 500,
    level: 'error',
    retry: 'never',
    title: 'A port is already in use',
    remedy: 'Operator: stop the process that listens there or configure another port.',
    show: ['host', 'port', 'setting'],
  },
  REQUEST_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The request is not valid',
    remedy: 'Caller: correct the named field and repeat the request.',
    show: ['field', 'reason'],
  },
  REQUEST_TOO_LARGE: {
    http: 413,
    level: 'info',
    retry: 'never',
    title: 'The request is too large',
    remedy: 'Caller: send a smaller body.',
    show: ['reason'],
  },
  MEDIA_TYPE_UNSUPPORTED: {
    http: 415,
    level: 'info',
    retry: 'never',
    title: 'The content type is not supported',
    remedy: 'Caller: send the content type that the operation documents, usually application/json.',
    show: ['reason'],
  },
  NOT_FOUND: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'There is nothing under this address',
    remedy: 'Caller: check the path and the method.',
    show: ['method', 'path'],
  },
})
