import type { Browser } from 'playwright-core'

const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']

/**
 * Starts the Chromium that ships in an npm package (unpacked into the folder for temporary files once).
 * @returns the browser, or the reason why none can run on this machine: skip the test with it.
 */
export async function startBrowser(): Promise<Browser | { readonly unavailable: string }> {
  try {
    // Loaded only here: most tests need no browser.
    const { chromium } = await import('playwright-core')
    const { default: packaged } = await import('@sparticuz/chromium')
    return await chromium.launch({
      executablePath: await packaged.executablePath(),
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', ...quiet],
    })
  } catch (failure) {
    return { unavailable: `Chromium does not start here: ${failure instanceof Error ? failure.message : failure}` }
  }
}
