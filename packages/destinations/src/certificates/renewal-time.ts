import type { CertificateValidity } from '../certificate-store.ts'

const dayMs = 86_400_000

/** How long before the end a certificate is renewed first: short ones late, long ones a month ahead. */
export function renewalLeadMs({ unit, value }: CertificateValidity): number {
  const days = { DAYS: value, MONTHS: value === 1 ? 31 : value < 6 ? 154 : 365, YEARS: 365 }[unit]
  if (days <= 1) return dayMs / 2
  if (days <= 14) return dayMs
  if (days <= 31) return 3 * dayMs
  return days <= 154 ? 7 * dayMs : 30 * dayMs
}

/** The end of a validity that begins at `fromMs`; months and years follow the calendar (UTC). */
export function endOfValidity(fromMs: number, { unit, value }: CertificateValidity): number {
  if (unit === 'DAYS') return fromMs + value * dayMs
  const start = new Date(fromMs)
  const months = unit === 'MONTHS' ? value : value * 12
  const end = new Date(fromMs)
  end.setUTCMonth(start.getUTCMonth() + months)
  // A month without that day: its last day instead of one in the next month.
  if (end.getUTCDate() !== start.getUTCDate()) end.setUTCDate(0)
  return end.getTime()
}
