/** Chromium, driven by playwright-core. It is no dependency, so what is used of it is declared here. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { needChromium } from './need-chromium.js'
import { needPinned } from './need-pinned.js'

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

/** What runs in the browser is given as text, or uses this much: nothing here is compiled with its types. */
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
  emulateMedia(options: {
    colorScheme?: 'light' | 'dark'
    forcedColors?: 'active' | 'none'
    media?: 'print' | 'screen'
  }): Promise<void>
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

/** @throws Error with the reason where it is not to be had. */
export async function startChromium(): Promise<Browser> {
  const { program, env } = await needChromium()
  const pinned = await needPinned('playwright')
  const playwright = createRequire(join(pinned, 'playwright-core/'))('playwright-core')
  return playwright.chromium.launch({
    executablePath: program,
    env,
    // As root in a container Chromium's sandbox cannot be set up.
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-dev-shm-usage'],
  })
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
