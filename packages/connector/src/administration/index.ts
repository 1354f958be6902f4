export { CertificateRenewal, type CertificateRenewalOptions, isRenewalDue } from './certificate-renewal.ts'
export { ChannelService, channelEvent } from './channel-service.ts'
export {
  certificateAlertDays,
  type Light,
  overviewOf,
  proxyLight,
  type SubaccountOverview,
  type SubaccountState,
  type WayFailure,
} from './subaccount-overview.ts'
export {
  type NewSubaccount,
  type SubaccountAddress,
  type SubaccountPatch,
  SubaccountService,
  type SubaccountServiceOptions,
} from './subaccount-service.ts'
