export type { AccessPolicy, Caller, Credentials } from './authorization/access-policy.ts'
export { Authorizer, bearer, proxyToken } from './authorization/authorizer.ts'
export { type ChannelBroker, ChannelDesk, type ChannelRequest, type ServiceQuestion } from './channels/channel-desk.ts'
export {
  type GivenServiceMapping,
  readServiceMappings,
  type ServiceMapping,
  serviceMappingTypes,
} from './channels/service-mapping.ts'
export { ServiceMappings } from './channels/service-mappings.ts'
export { defaultHttpTimeouts, HttpFront, type HttpFrontOptions, type HttpTimeouts } from './http/http-front.ts'
export { Listener } from './listener.ts'
export { type ProxyTarget, rfcTarget } from './rfc/rfc-target.ts'
export { defaultSocksTimeouts, SocksFront, type SocksFrontOptions, type SocksTimeouts } from './socks/socks-front.ts'
export { handshakeAudit, type TunnelHandshake } from './tunnels/handshake-audit.ts'
export type { Tunnel } from './tunnels/tunnel-group.ts'
export { TunnelServer, type TunnelServerOptions } from './tunnels/tunnel-server.ts'
export { type ProxyAddress, type TunnelBroker, type TunnelRequestMessage, TunnelTable } from './tunnels/tunnel-table.ts'
