import { isPlatformError, PlatformError } from '@landbridge/kernel'
import type { SubscriptionFailure } from './subscription.ts'

/** What an application answered to a callback. */
export interface CallbackAnswer {
  readonly status: number
  readonly text: string
}

const maxDependencies = 100
const maxAppId = 200
const maxUrl = 2_000

/** What ends an unsubscription: done, or the application has no use for the call (guide L16391). */
const unsubscribed: ReadonlySet<number> = new Set([404, 405, 501])

/** Reads the answer of `getDependencies` (guide L16172). @throws PlatformError SUBSCRIPTION_CALLBACK_FAILED */
export function dependenciesOf({ status, text }: CallbackAnswer): readonly string[] {
  if (status !== 200) throw callbackFailed({ callback: 'getDependencies', status, reason: 'expected status 200' })
  const fail = (reason: string) => callbackFailed({ callback: 'getDependencies', status, reason })
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw fail('the answer is not JSON')
  }
  if (!Array.isArray(list) || list.length > maxDependencies)
    throw fail(`the answer is not a list of at most ${maxDependencies} dependencies`)
  return [...new Set(list.map((entry: unknown) => appIdOf(entry) ?? raise(fail('a dependency has no "appId"'))))]
}

/** `xsappname` is the name of the same field in a later form of the callback. */
function appIdOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { appId, xsappname } = entry as Readonly<Record<string, unknown>>
  const id = appId ?? xsappname
  return typeof id === 'string' && id !== '' && id.length <= maxAppId ? id : undefined
}

/**
 * Reads the answer of `PUT onSubscription`: the address for the subscriber (guide L16386). Something else than a web
 * address is not shown to anybody.
 * @throws PlatformError SUBSCRIPTION_CALLBACK_FAILED
 */
export function applicationUrlOf({ status, text }: CallbackAnswer): string | undefined {
  if (!isSuccess(status)) throw callbackFailed({ callback: 'onSubscription', status, reason: 'expected status 200' })
  const url = text.trim()
  const isWebAddress = url.length <= maxUrl && ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '')
  return isWebAddress ? url : undefined
}

/** @throws PlatformError SUBSCRIPTION_CALLBACK_FAILED when the application did not let the subscriber go. */
export function assertUnsubscribed({ status }: CallbackAnswer): void {
  if (isSuccess(status) || unsubscribed.has(status)) return
  throw callbackFailed({ callback: 'onSubscription', status, reason: 'expected status 200, 404, 405 or 501' })
}

export function callbackFailed({ status, ...failure }: SubscriptionFailure, cause?: unknown): PlatformError {
  // `status` is that of our own answer in a problem document.
  return new PlatformError('SUBSCRIPTION_CALLBACK_FAILED', { ...failure, callbackStatus: status }, { cause })
}

/** What to remember of an error of `callbackFailed`; undefined for any other. */
export function failureOf(thrown: unknown): SubscriptionFailure | undefined {
  if (!isPlatformError(thrown, 'SUBSCRIPTION_CALLBACK_FAILED')) return undefined
  const { callback, callbackStatus, reason } = thrown.facts
  return {
    callback: callback === 'getDependencies' ? callback : 'onSubscription',
    ...(typeof callbackStatus === 'number' ? { status: callbackStatus } : {}),
    reason: String(reason),
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function raise(error: PlatformError): never {
  throw error
}
