import { type ConnectorConfiguration, certificateAlertDays, type Subaccount } from '@landbridge/connector'
import { certificateJson } from './certificate-json.ts'

const dayMs = 86_400_000

export interface ClassifiedCertificates {
  readonly expired: readonly object[]
  readonly expiring: readonly object[]
  readonly ok: readonly object[]
}

interface Monitored {
  readonly validTo: number
  readonly json: object
}

/** Every certificate of a connector, in one of three lists (guide L29659). */
export function classifiedCertificates(
  configuration: ConnectorConfiguration,
  nowMs: number,
  alertDays = certificateAlertDays,
): ClassifiedCertificates {
  const all = monitored(configuration).toSorted((a, b) => a.validTo - b.validTo)
  const alertMs = alertDays * dayMs
  const within = (from: number, to: number): readonly object[] =>
    all.filter(({ validTo }) => validTo - nowMs >= from && validTo - nowMs < to).map(({ json }) => json)
  return {
    expired: within(Number.NEGATIVE_INFINITY, 0),
    expiring: within(0, alertMs),
    ok: within(alertMs, Number.POSITIVE_INFINITY),
  }
}

function monitored({ settings, subaccounts }: ConnectorConfiguration): readonly Monitored[] {
  const { uiCertificate, systemCertificate, ppCaCertificate } = settings
  const own = (type: string, chain: string | undefined): readonly Monitored[] => {
    if (chain === undefined) return []
    const { notAfterTimeStamp: validTo, subjectDN, issuer: issuerDN, serialNumber } = certificateJson(chain)
    return [{ validTo, json: { type, validTo, subjectDN, issuerDN, serialNumber } }]
  }
  return [
    ...own('UI', uiCertificate?.cert),
    ...own('System', systemCertificate?.cert),
    ...own('CA', ppCaCertificate?.cert),
    ...waysOf(subaccounts.values()).map(({ certificate, subaccountId, regionHost }) => {
      const { notAfterTimeStamp: validTo } = certificateJson(certificate)
      return {
        validTo,
        json: { type: 'subaccount', validTo, subaccountName: subaccountId, subaccountRegion: regionHost },
      }
    }),
  ]
}

/** Subaccounts, each followed by its recovery subaccount. */
function waysOf(subaccounts: Iterable<Subaccount>): Pick<Subaccount, 'certificate' | 'subaccountId' | 'regionHost'>[] {
  return Array.from(subaccounts, (subaccount) => {
    const { recovery, subaccountId } = subaccount
    return recovery === undefined ? [subaccount] : [subaccount, { ...recovery, subaccountId }]
  }).flat()
}
