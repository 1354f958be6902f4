export { createKeyAndRequest, type KeyAndRequest } from './certificate-request.ts'
export { type Pairing, type PairingRequest, pairSubaccount } from './pair.ts'
export {
  type CloudCredentials,
  type RegionAccess,
  type RegionOverride,
  regionAddress,
} from './region-request.ts'
export { renewWithCertificate } from './renew.ts'
export { type CloudIdentityProvider, downloadTrust, mergeTrust, type TrustRequest } from './trust.ts'
