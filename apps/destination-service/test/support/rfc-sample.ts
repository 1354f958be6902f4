/** The first sample of the guide (L15094-15110), with values filled in. */
export const rfcSample = {
  Type: 'RFC',
  'jco.client.ashost': 'abapserver.hana.cloud',
  'jco.client.sysnr': '42',
  'jco.destination.proxy_type': 'OnPremise',
  'jco.client.user': 'DEMOUSER',
  'jco.client.passwd': 'planted-password',
  'jco.client.client': '000',
  'jco.client.lang': 'EN',
  'jco.destination.pool_capacity': '5',
} as const
