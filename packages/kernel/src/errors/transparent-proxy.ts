import { errorArea } from './entry.ts'

/**
 * Errors of the transparent proxy, as callers see them. Statuses are those of the original (guide L36889 to L36921, and
 * the later public page "Error Response Headers").
 */
export const transparentProxyErrors = errorArea({
  TRANSPARENT_PROXY_HOST_UNKNOWN: {
    http: 404,
    level: 'info',
    retry: 'never',
    title: 'The transparent proxy has no destination under this host name',
    remedy:
      'Caller: call http://<name>.<namespace> as it is configured. Operator: add the name to `destinations` of the transparent proxy.',
    show: ['host'],
  },
  TRANSPARENT_PROXY_CROSS_SITE: {
    http: 403,
    level: 'warn',
    retry: 'never',
    title: 'A web page of another site called the transparent proxy',
    remedy:
      'Caller: call from the application, not from the page. Operator: set allowCrossSite if the application passes on headers of browsers.',
    show: ['host', 'reason'],
  },
  TRANSPARENT_PROXY_REQUEST_REFUSED: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The request cannot be sent to a destination as it is',
    remedy: 'Caller: correct the headers or the path of the request.',
    show: ['reason'],
  },
  TRANSPARENT_PROXY_DESTINATION_NOT_FOUND: {
    http: 502,
    level: 'warn',
    retry: 'later',
    title: 'The destination service has no such destination',
    remedy: 'Destination administrator: create the destination, or the fragment, in this tenant.',
    show: ['reason'],
  },
  TRANSPARENT_PROXY_URL_INVALID: {
    http: 404,
    level: 'warn',
    retry: 'later',
    title: 'The URL of the destination is not an http or https address',
    remedy: 'Destination administrator: correct the property URL of the destination.',
    show: ['reason'],
  },
  TRANSPARENT_PROXY_DESTINATION_INVALID: {
    http: 500,
    level: 'warn',
    retry: 'later',
    title: 'Invalid destination configuration. Contact the destination administrator',
    remedy: 'Destination administrator: correct what the header x-error-message names.',
    show: ['reason'],
  },
  TRANSPARENT_PROXY_TENANT_REFUSED: {
    http: 500,
    level: 'warn',
    retry: 'later',
    title: 'The tenant does not exist, or is not subscribed to the application of the binding',
    remedy: 'Caller: name a subscribed tenant. Tenant administrator: subscribe it.',
    show: ['reason'],
  },
  TRANSPARENT_PROXY_WITHOUT_ON_PREMISE: {
    http: 502,
    level: 'error',
    retry: 'later',
    title: 'The transparent proxy knows no connectivity proxy',
    remedy:
      'Operator: give it a connectivity binding, or set integration.connectivityProxy.serviceName to a proxy that asks for no token.',
    show: [],
  },
  TRANSPARENT_PROXY_TOKEN_REFUSED: {
    http: 502,
    level: 'error',
    retry: 'later',
    title: 'The connectivity proxy refuses the token of the transparent proxy',
    remedy:
      'Operator: check that the connectivity binding belongs to the platform of the proxy; a proxy with authorization needs a binding.',
    show: [],
  },
  TRANSPARENT_PROXY_SERVICE_OUT: {
    http: 502,
    level: 'error',
    retry: 'later',
    title: 'The destination service or the token service does not answer',
    remedy: 'Operator: see the log of the transparent proxy for the address and the reason. Caller: repeat later.',
    show: [],
  },
  TRANSPARENT_PROXY_TARGET_UNREACHABLE: {
    http: 502,
    level: 'warn',
    retry: 'later',
    title: 'The target of the destination cannot be reached',
    remedy: 'Destination administrator: check host, port and trust of the destination. Caller: repeat later.',
    show: ['reason'],
  },
  TRANSPARENT_PROXY_TARGET_TIMEOUT: {
    http: 504,
    level: 'warn',
    retry: 'later',
    title: 'The target of the destination did not answer in time',
    remedy:
      'Destination administrator: raise URL.connectionTimeoutInSeconds or URL.socketReadTimeoutInSeconds of the destination, or look after the target.',
    show: ['reason'],
  },
})
