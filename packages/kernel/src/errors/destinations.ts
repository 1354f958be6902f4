import { errorArea } from './entry.ts'

// What a platform shows as the broker's error, word for word (guide L11652-11656), with a full stop behind it.
const initDataFailed =
  'Failed to create all provided configurations. Will delete all on instance level, for configurations on subaccount level you can set policies to handle duplicates: "existing_destinations_policy" with value "update|fail|ignore" and "existing_certificates_policy" with value "fail|ignore"'

/** Errors of the area `destinations`. Titles that clients compare literally say so. */
export const destinationsErrors = errorArea({
  // Client libraries compare this title literally to tell "absent" from "failed".
  DESTINATION_NOT_FOUND: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'Configuration with the specified name was not found',
    remedy: 'Caller: check the name, the level, and for which tenant the token was issued.',
    show: [],
  },
  // The published contract prescribes this title.
  DESTINATION_DUPLICATE: {
    http: 409,
    level: 'info',
    retry: 'never',
    title: 'Duplicate key',
    remedy: 'Caller: choose another name, or replace the existing configuration with PUT.',
    show: [],
  },
  DESTINATION_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The destination is not valid',
    remedy: 'Caller: correct the listed properties and repeat the request. Nothing was changed.',
    show: ['problems'],
  },
  DESTINATION_IN_USE: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'Cannot perform operation on the destination because it is used as an assertion provider',
    remedy: 'Caller: remove clientAssertion.destinationName from the destination that uses it first.',
    show: ['name', 'usedBy'],
  },
  DESTINATION_INIT_DATA_FAILED: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: initDataFailed,
    remedy: 'Caller: correct the listed entries, or choose policies for names that exist. Nothing was changed.',
    show: ['problems'],
  },
  DESTINATION_INIT_DATA_INTERRUPTED: {
    http: 500,
    level: 'error',
    retry: 'later',
    title: initDataFailed,
    remedy: 'Operator: see the log for the cause, then repeat the request. Nothing was changed.',
    show: [],
  },
  DESTINATION_IMPORT_REFUSED: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The destinations of the file were not imported',
    remedy: 'Caller: correct the listed properties and import the file again. Nothing was changed.',
    show: ['problems'],
  },
  DESTINATION_CHECK_UNSUPPORTED: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The connection of this destination cannot be checked',
    remedy: 'Caller: check destinations of type HTTP with ProxyType Internet or OnPremise.',
    show: ['name'],
  },
  DESTINATION_TENANT_WITH_USER: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The headers X-tenant and X-user-token exclude each other',
    remedy: 'Caller: send X-user-token to act for a user, or X-tenant to act for a tenant without a user.',
    show: [],
  },
  DESTINATION_FRAGMENT_NOT_FOUND: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'The destination fragment was not found',
    remedy: 'Caller: check X-fragment-name, or mark the fragment as optional with X-fragment-optional.',
    show: ['fragment'],
  },
  DESTINATION_QUERY_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The query is not valid',
    remedy: 'Caller: correct or leave out the named query parameter.',
    show: ['parameter', 'reason'],
  },
  DESTINATION_URI_TOO_LONG: {
    http: 414,
    level: 'info',
    retry: 'never',
    title: 'The URI is longer than 4000 characters',
    remedy: 'Caller: shorten the query, for example by splitting a long list of names.',
    show: [],
  },
  DESTINATION_CALLER_UNKNOWN: {
    http: 401,
    level: 'info',
    retry: 'never',
    title: 'Unauthorized',
    remedy: 'Caller: send a valid access token of a destination service instance as bearer token.',
    show: ['reason'],
  },
  // The published contract prescribes this title, with a full stop behind it.
  DESTINATION_CALLER_UNREADABLE: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'Unable to parse the JWT in Authorization Header',
    remedy: 'Caller: send the access token unchanged, in the form header.payload.signature.',
    show: [],
  },
  DESTINATION_CALLER_FORBIDDEN: {
    http: 403,
    level: 'info',
    retry: 'never',
    title: 'Forbidden',
    remedy: 'Caller: fetch the token with the credentials of a binding to a destination service instance.',
    show: ['reason'],
  },
  /** Never an HTTP error of its own: it becomes the `error` text of an `authTokens` entry. */
  DESTINATION_TOKEN_FAILED: {
    http: 502,
    level: 'info',
    retry: 'later',
    title: 'Retrieval of OAuthToken failed',
    remedy: 'Caller: correct the destination or the request as the reason says; check the token service.',
    show: ['reason'],
  },
})
