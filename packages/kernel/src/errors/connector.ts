import { errorArea } from './entry.ts'

/** Errors of the on-premise agent. */
export const connectorErrors = errorArea({
  CLOUD_UNREACHABLE: {
    http: 502,
    level: 'warn',
    retry: 'later',
    title: 'The cloud side cannot be reached',
    remedy:
      'On-premise administrator: check the region host, the HTTPS proxy and the firewall (outbound TCP to the shown address).',
    show: ['host', 'port', 'reason'],
  },
  CLOUD_UNTRUSTED: {
    http: 502,
    level: 'error',
    retry: 'never',
    title: 'The certificate of the cloud side is not trusted',
    remedy:
      'On-premise administrator: configure the CA of the region; a firewall that opens TLS between connector and cloud must be taken out of the path.',
    show: ['host', 'port', 'reason'],
  },
  PROXY_REFUSED: {
    http: 502,
    level: 'error',
    retry: 'later',
    title: 'The HTTPS proxy refused to open a tunnel',
    remedy: 'On-premise administrator: the proxy must allow CONNECT to the shown address; check its user and password.',
    show: ['host', 'port', 'status'],
  },
  CONTROL_REFUSED: {
    http: 409,
    level: 'error',
    retry: 'later',
    title: 'The cloud side does not accept this connector',
    remedy: 'On-premise administrator: follow the advice of the cloud side; the connector keeps trying.',
    show: ['reason', 'advice'],
  },
  TUNNEL_REFUSED: {
    http: 502,
    level: 'error',
    retry: 'later',
    title: 'The proxy on the cloud side does not accept this tunnel',
    remedy: 'Operator: check that proxy and connectivity service belong together and that their clocks agree.',
    show: ['reason'],
  },
  BACKEND_UNREACHABLE: {
    http: 502,
    socks: 4,
    level: 'warn',
    retry: 'later',
    title: 'The Cloud Connector cannot open a connection to the internal system',
    remedy:
      'On-premise administrator: check internal host and port of the system mapping and that the system is running.',
    show: ['system', 'reason'],
  },
  BACKEND_UNTRUSTED: {
    http: 502,
    socks: 4,
    level: 'warn',
    retry: 'never',
    title: 'The certificate of the internal system is not trusted',
    remedy: 'On-premise administrator: add the CA of the internal system to the trust store of the Cloud Connector.',
    show: ['system', 'reason'],
  },
  BACKEND_TIMEOUT: {
    http: 504,
    socks: 4,
    level: 'warn',
    retry: 'later',
    title: 'The internal system did not answer in time',
    remedy: 'On-premise administrator: check the load of the internal system; the timeouts are configurable.',
    show: ['system', 'reason'],
  },
  BACKEND_PROTOCOL: {
    http: 502,
    socks: 1,
    level: 'warn',
    retry: 'never',
    title: 'The internal system sent an answer that is not valid HTTP',
    remedy: 'On-premise administrator: check that the protocol of the system mapping (HTTP or HTTPS) is right.',
    show: ['system', 'reason'],
  },
  BACKEND_CLOSED: {
    http: 502,
    socks: 1,
    level: 'info',
    retry: 'later',
    title: 'The internal system closed the connection before it answered',
    remedy: 'Caller: the request may have been carried out; repeat it if that is safe.',
    show: ['system'],
  },
})
