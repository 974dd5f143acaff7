/** Chromium, driven by playwright-core. It is no dependency, so what is used of it is declared here. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Test } from 'tap'
import { needChromium } from '../../scripts/need-chromium.js'
import { needPinned } from '../../scripts/need-pinned.js'
import { neededOrSkip } from '../support/need.js'

export interface Locator {
  click(): Promise<void>
  count(): Promise<number>
  evaluate<T, A = undefined>(call: (element: HTMLElementLike, argument: A) => T, argument?: A): Promise<T>
  first(): Locator
  focus(): Promise<void>
  getAttribute(name: string): Promise<string | null>
  innerText(): Promise<string>
  isVisible(): Promise<boolean>
  locator(selector: string): Locator
  nth(index: number): Locator
  allInnerTexts(): Promise<string[]>
  selectOption(value: string): Promise<unknown>
  waitFor(options?: { state?: 'attached' | 'detached' | 'visible' | 'hidden' }): Promise<void>
}

/** Tests are compiled without the browser's types: what runs there is given as text, or uses this much. */
export interface HTMLElementLike {
  readonly textContent: string | null
  readonly value?: string
}

export interface Request {
  url(): string
}

export interface Page {
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> }
  readonly mouse: { move(x: number, y: number): Promise<void> }
  addInitScript(script: { content: string }): Promise<void>
  close(): Promise<void>
  emulateMedia(options: { colorScheme: 'light' | 'dark' }): Promise<void>
  evaluate<T>(script: string): Promise<T>
  goto(url: string): Promise<unknown>
  locator(selector: string): Locator
  on(event: 'console', hear: (message: { type(): string; text(): string }) => void): void
  on(event: 'pageerror', hear: (error: Error) => void): void
  on(event: 'request', hear: (request: Request) => void): void
  reload(): Promise<unknown>
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>
  setViewportSize(size: { width: number; height: number }): Promise<void>
  url(): string
}

interface Context {
  newPage(): Promise<Page>
  close(): Promise<void>
}

export interface Browser {
  newContext(options: {
    viewport: { width: number; height: number }
    colorScheme?: 'light' | 'dark'
    isMobile?: boolean
    locale: string
    timezoneId: string
  }): Promise<Context>
  close(): Promise<void>
}

/** Undefined where it is not to be had: then the test is skipped. */
export async function startBrowser(t: Test): Promise<Browser | undefined> {
  const chromium = await neededOrSkip(t, 'Chromium', needChromium)
  const pinned = await neededOrSkip(t, 'playwright-core', () => needPinned('playwright'))
  if (chromium === undefined || pinned === undefined) return undefined
  const playwright = createRequire(join(pinned, 'playwright-core/'))('playwright-core')
  const browser: Browser = await playwright.chromium.launch({
    executablePath: chromium.program,
    env: chromium.env,
    // Tests run as root in containers, where Chromium's sandbox cannot be set up.
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-dev-shm-usage'],
  })
  t.teardown(() => browser.close())
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

/** Waits until this is so in the page. Looks at each frame; playwright's own look would be against the page's policy. */
export async function inPage(page: Page, condition: string, within = 30_000): Promise<void> {
  await page.evaluate(`new Promise((resolve, reject) => {
    const end = performance.now() + ${within}
    const look = () => {
      if (${condition}) resolve()
      else if (performance.now() > end) reject(new Error('not within ${within} ms: ' + ${JSON.stringify(condition)}))
      else requestAnimationFrame(look)
    }
    look()
  })`)
}
