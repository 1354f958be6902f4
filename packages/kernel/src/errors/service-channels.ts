import { errorArea } from './entry.ts'

/** Errors of service channels: local ports of a Cloud Connector that lead to services on the cloud side. */
export const serviceChannelErrors = errorArea({
  CHANNEL_NO_MAPPING: {
    http: 404,
    level: 'info',
    retry: 'later',
    title: 'No service mapping exposes this service to the subaccount',
    remedy:
      'Cloud operator: add a service mapping with this subaccount, service ID and type to the connectivity proxy. On-premise administrator: compare the name of the service with the service ID of the mapping.',
    show: ['service'],
  },
  CHANNEL_LOCATION_NOT_ALLOWED: {
    http: 403,
    level: 'info',
    retry: 'later',
    title: 'The service mapping does not allow the location ID of this Cloud Connector',
    remedy:
      'Cloud operator: add the location ID to locationIds of the service mapping ("" stands for the default location).',
    show: ['service', 'locationId'],
  },
  CHANNEL_OTHER_CLUSTER: {
    http: 404,
    level: 'info',
    retry: 'later',
    title: 'No connectivity proxy of the subaccount has the name of this cluster host',
    remedy:
      'On-premise administrator: enter the host (and port) under which the connectivity proxy is reached as the cluster host of the channel.',
    show: ['host'],
  },
  CHANNELS_SWITCHED_OFF: {
    http: 403,
    level: 'info',
    retry: 'later',
    title: 'Service channels are switched off at the connectivity proxy',
    remedy: 'Cloud operator: set serviceChannels.enabled in the configuration of the connectivity proxy.',
    show: [],
  },
  CHANNEL_REQUEST_INVALID: {
    http: 400,
    level: 'info',
    retry: 'never',
    title: 'The cloud side does not understand the request for a service channel',
    remedy: 'On-premise administrator: use a cluster host of at most 300 and a service of at most 500 characters.',
    show: ['field'],
  },
  CHANNEL_REQUESTS_EXCEEDED: {
    http: 429,
    level: 'warn',
    retry: 'later',
    title: 'The Cloud Connector asks for service channels too often',
    remedy: 'On-premise administrator: wait a moment; lower the number of connections of the channels.',
    show: [],
  },
  CHANNEL_NO_ANSWER: {
    http: 504,
    level: 'warn',
    retry: 'later',
    title: 'No connectivity proxy answered the request for the service channel',
    remedy: 'Cloud operator: check that a connectivity proxy with service channels runs for this subaccount.',
    show: [],
  },
  CHANNEL_CLOUD_AWAY: {
    http: 503,
    level: 'info',
    retry: 'later',
    title: 'The subaccount is not connected to the cloud',
    remedy: 'On-premise administrator: connect the subaccount; see its state for what stands in the way.',
    show: [],
  },
  CHANNEL_PORT_UNAVAILABLE: {
    http: 409,
    level: 'warn',
    retry: 'later',
    title: 'The local port of the service channel cannot be opened',
    remedy:
      'On-premise administrator: give the channel another port, or end the program or channel that holds this one.',
    show: ['port', 'reason'],
  },
  CHANNEL_CLOSED: {
    http: 409,
    level: 'info',
    retry: 'later',
    title: 'The service channel was closed while it was being opened',
    remedy: 'On-premise administrator: enable the channel again.',
    show: [],
  },
})
