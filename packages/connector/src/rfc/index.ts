export { defaultInfrastructureFunctions, defaultRfcSettings, type RfcSettings } from './rfc-settings.ts'
