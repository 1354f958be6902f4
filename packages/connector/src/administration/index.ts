export { CertificateRenewal, type CertificateRenewalOptions, isRenewalDue } from './certificate-renewal.ts'
export { ChannelService, channelEvent } from './channel-service.ts'
export {
  type NewSubaccount,
  type SubaccountAddress,
  type SubaccountPatch,
  SubaccountService,
  type SubaccountServiceOptions,
} from './subaccount-service.ts'
