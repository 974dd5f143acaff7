import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { type Browser, inPage, startChromium } from '../../../scripts/chromium.js'
import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import type { Effort } from '../effort.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const FILES = ['dashboard', 'dashboard/app.js', 'dashboard/app.css']
/** What the whole page may be, compressed; and what a browser calls a long task, in ms. */
const MOST_BYTES = 100_000
const LONG = 50

/** Runs before the page does: when its first picture was shown, and tasks that held it up. */
const WATCH = `
window.longTasks = []
new PerformanceObserver(list => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: 'longtask', buffered: true })
window.firstPicture = undefined
new MutationObserver((_, observer) => {
  if (document.querySelector('.room canvas') === null) return
  observer.disconnect()
  // Drawn in this frame, shown with the next.
  requestAnimationFrame(() => requestAnimationFrame(() => { firstPicture = performance.now() }))
}).observe(document, { childList: true, subtree: true })
`

interface Looked {
  /** ms from the start of the navigation. */
  readonly firstPicture: number
  readonly longTasks: readonly number[]
  /** What program and front took of one processor while the page was open behind that, of which the program has next to nothing. */
  readonly server: number
}

/** What the live page weighs, how soon it shows a picture, and whether it ever holds up its reader. */
export async function dashboard(effort: Effort): Promise<Report> {
  const { series, rounds, seconds } = effort.dashboard
  const [child, url] = await Child.start<string>(PROGRAM, [String(series)])
  try {
    const sizes = new Map<string, number>()
    for (const file of FILES) sizes.set(file, await packedBytes(new URL(`/${file}`, url)))
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    const looked: Looked[] = []
    const notes: string[] = []
    try {
      const browser = await startChromium()
      try {
        for (let round = 0; round < rounds; round++)
          looked.push(
            await look(browser, new URL('/dashboard', url).href, seconds, () => child.ask<number>('cpu')),
          )
      } finally {
        await browser.close()
      }
    } catch (error) {
      // Where there has to be a browser, a look that failed is no figure that is left out.
      if (process.env.CI !== undefined) throw error
      notes.push(`not in a browser: ${(error as Error).message}`)
    }
    const firsts = looked.map(({ firstPicture }) => firstPicture)
    const tasks = looked.flatMap(({ longTasks }) => longTasks)
    const inBrowser: Figure[] = [
      {
        what: `tasks of more than ${LONG} ms`,
        wanted: { atMost: 0 },
        unit: ' counts',
        measured: tasks.length,
      },
      { what: 'first picture', unit: ' ms', measured: median(firsts) },
      { what: 'longest task', unit: ' ms', measured: Math.max(0, ...tasks) },
      {
        what: 'the server, while a page is open',
        unit: ' % of a processor',
        measured: 100 * median(looked.map(({ server }) => server)),
      },
    ]
    return {
      suite: 'dashboard',
      what: `the live page of a front with ${series.toLocaleString('en')} series, in Chromium, ${rounds} times for ${seconds} s`,
      columns: ['', 'bytes, compressed', 'first picture ms', 'longest task ms', 'server, % of a processor'],
      rows: [
        ...[...sizes].map(([file, size]) => [`/${file}`, size, Number.NaN, Number.NaN, Number.NaN]),
        ...looked.map(({ firstPicture, longTasks, server }, n) => [
          ...[`round ${n + 1}`, Number.NaN, firstPicture],
          ...[Math.max(0, ...longTasks), 100 * server],
        ]),
      ],
      figures: [
        { what: 'the page, compressed', wanted: { atMost: MOST_BYTES }, unit: ' B', measured: bytes },
        ...(looked.length > 0 ? inBrowser : []),
      ],
      notes: [...notes, `tasks below ${LONG} ms are not told by browsers, and stand as 0`],
    }
  } finally {
    await child.stop()
  }
}

/** Opens the page as a browser that was never there, leaves it open, and types into its box meanwhile. */
async function look(
  browser: Browser,
  url: string,
  seconds: number,
  used: () => Promise<number>,
): Promise<Looked> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1024, height: 768 }, locale: 'en-GB', timezoneId: 'UTC' },
  })
  try {
    const page = await context.newPage()
    await page.addInitScript({ content: WATCH })
    await page.goto(url)
    await inPage(page, 'firstPicture !== undefined')
    await page.locator('#family').click()
    await page.keyboard.type('mail')
    const before = await used()
    await page.evaluate(`new Promise(resolve => setTimeout(resolve, ${seconds * 1000}))`)
    const server = ((await used()) - before) / (seconds * 1000)
    return { ...(await page.evaluate<Omit<Looked, 'server'>>('({ firstPicture, longTasks })')), server }
  } finally {
    await context.close()
  }
}

/** Of a body as it is sent. */
async function packedBytes(url: URL): Promise<number> {
  const request = get(url, { headers: { 'accept-encoding': 'gzip' } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`)
  let bytes = 0
  for await (const chunk of response) bytes += (chunk as Buffer).length
  return bytes
}
