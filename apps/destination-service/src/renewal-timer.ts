import type { CertificateRenewal, TrustEnding } from '@landbridge/destinations'
import type { Clock, Closeable, Log } from '@landbridge/kernel'

/** Renews generated certificates and reports what ends, now and then until it is closed. */
export function startRenewalTimer(
  renewal: CertificateRenewal,
  trust: TrustEnding,
  periodMs: number,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Closeable {
  let running: Promise<void> | undefined
  const run = () => {
    // A run that takes longer than the period is left alone.
    running ??= once().finally(() => {
      running = undefined
    })
  }
  const once = async () => {
    try {
      const renewed = await renewal.renewDue(clock.now())
      await renewal.reportEnding(clock.now())
      await trust.report(clock.now())
      log.debug('destination.certificate.renewal-run', { renewed })
    } catch (failure) {
      log.error('destination.certificate.renewal-run-failed', {}, failure)
    }
  }
  const cancel = clock.every(periodMs, run)
  run()
  return {
    async close() {
      cancel()
      await running
    },
  }
}
