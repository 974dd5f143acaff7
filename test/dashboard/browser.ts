/** The page in Chromium, as tests look at it. */
import type { Test } from 'tap'
import { type Browser, type Page, startChromium } from '../../scripts/chromium.js'
import { neededOrSkip } from '../support/need.js'

export { type Browser, inPage, type Page } from '../../scripts/chromium.js'

/** Undefined where it is not to be had: then the test is skipped. */
export async function startBrowser(t: Test): Promise<Browser | undefined> {
  const browser = await neededOrSkip(t, 'Chromium', startChromium)
  if (browser !== undefined) t.teardown(() => browser.close())
  return browser
}

export interface Seen {
  readonly page: Page
  /** Violations of the policy, errors, and what the page logged: it logs nothing. */
  readonly troubles: string[]
  /** All that was asked of any origin. */
  readonly requests: string[]
}

/** Each page in a context of its own, as a browser that was never here. */
export async function openPage(
  t: Test,
  browser: Browser,
  size: { width: number; height: number; colorScheme?: 'light' | 'dark' } = { width: 1024, height: 768 },
): Promise<Seen> {
  const { width, height, colorScheme } = size
  const context = await browser.newContext({
    viewport: { width, height },
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...(colorScheme !== undefined && { colorScheme }),
  })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const troubles: string[] = []
  const requests: string[] = []
  page.on('console', message => troubles.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', error => troubles.push(`error: ${error.message}`))
  page.on('request', request => requests.push(request.url()))
  await page.addInitScript({
    content: `document.addEventListener('securitypolicyviolation',
      event => console.error('violation of ' + event.violatedDirective + ': ' + event.blockedURI))`,
  })
  return { page, troubles, requests }
}
