import { errorArea } from './entry.ts'

/** Errors of the tunnel: one physical connection (session) that carries many virtual connections (streams). */
export const tunnelErrors = errorArea({
  TUNNEL_PROTOCOL: {
    http: 502,
    socks: 1,
    level: 'error',
    retry: 'later',
    title: 'The other end of the tunnel broke the tunnel protocol',
    remedy: 'Operator: check that both ends run compatible versions; see the log for the violated rule.',
    show: [],
  },
  TUNNEL_LOST: {
    http: 502,
    socks: 1,
    level: 'warn',
    retry: 'later',
    title: 'The tunnel to the Cloud Connector broke while the request was under way',
    remedy: 'Caller: the request may or may not have reached the backend; repeat it if that is safe.',
    show: [],
  },
  TUNNEL_TIMEOUT: {
    http: 504,
    socks: 1,
    level: 'warn',
    retry: 'later',
    title: 'The other end of the tunnel did not answer in time',
    remedy: 'Operator: check the network between the two ends.',
    show: [],
  },
  TUNNEL_DRAINING: {
    http: 503,
    socks: 1,
    level: 'info',
    retry: 'now',
    title: 'The tunnel is being closed for maintenance',
    remedy: 'Caller: repeat the request; another tunnel takes over.',
    show: [],
  },
  TUNNEL_FULL: {
    http: 503,
    socks: 1,
    level: 'warn',
    retry: 'later',
    title: 'The tunnel carries as many connections as it may',
    remedy: 'Operator: raise the limit of streams per tunnel connection, or connect another Cloud Connector.',
    show: [],
  },
  TUNNEL_PREFACE: {
    http: 431,
    socks: 1,
    level: 'warn',
    retry: 'never',
    title: 'The host name and tokens of the request do not fit into the head of a virtual connection',
    remedy: 'Caller: use a host name of at most 255 ASCII characters and tokens of at most 64 KB together.',
    show: ['rule'],
  },
})
