/** The page in Chromium: what it loads, what it draws, and what it does when the endpoint goes and comes. */
import t, { type Test } from 'tap'
import { until } from '../support/until.js'
import { type Browser, inPage, openPage, type Page, startBrowser } from './browser.js'
import { mail, others, together } from './mail.js'
import { StandIn } from './stand-in.js'

const browser = await startBrowser(t as unknown as Test)

/** A test that needs the browser, where there is one; without it the file has said so. */
function inBrowser(name: string, test: (t: Test, browser: Browser) => Promise<void>): void {
  if (browser !== undefined) t.test(name, t => test(t, browser))
}

const drawn = (page: Page, count: number) =>
  inPage(page, `document.querySelectorAll('.room canvas').length === ${count}`)
/** Resolves when the first figure of the first picture is there, and is not a dash. */
const figures = (page: Page) =>
  inPage(page, `/\\d/.test(document.querySelector('.card td')?.textContent ?? '')`)
const shown = (page: Page) =>
  page.evaluate<string[]>(`[...document.querySelectorAll('.card')].map(card => card.dataset.view)`)
const status = (page: Page, text: string) =>
  inPage(page, `document.getElementById('status').textContent.includes(${JSON.stringify(text)})`)

inBrowser('it loads under its policy, from its own origin alone', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  const { page, troubles, requests } = await openPage(t, browser)
  await page.goto(server.url)
  await drawn(page, 9)
  await figures(page)
  t.same(troubles, [], 'no violation, no error, nothing logged')
  const { origin } = new URL(server.url)
  const outside = requests.filter(url => new URL(url).origin !== origin && !url.startsWith('data:'))
  t.same(outside, [])
  const paths = new Set(server.requests.map(path => path.split('?')[0]))
  t.same([...paths].sort(), [
    '/dashboard',
    '/dashboard/app.css',
    '/dashboard/app.js',
    '/dashboard/data.json',
    '/dashboard/families.json',
  ])
})

inBrowser('the policy that it is tested under forbids what it should', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  const { page, troubles } = await openPage(t, browser)
  await page.goto(server.url)
  await page.evaluate(
    `document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:9/x.png' }))`,
  )
  await until('the violation is heard of', () => troubles.some(text => /violation of img-src/.test(text)))
  const thrown = await page.evaluate<string>(
    `(() => { try { document.body.innerHTML = '<b>' } catch (error) { return error.name } })()`,
  )
  t.equal(thrown, 'TypeError', 'markup from text')
})

inBrowser('it works under a path that a proxy puts before it', async (t, browser) => {
  const server = await StandIn.start(t, mail, '/mx1/metrics')
  const { page, troubles } = await openPage(t, browser)
  await page.goto(server.url)
  await drawn(page, 9)
  t.same(troubles, [])
  t.ok(server.requests.every(path => path.startsWith('/mx1/metrics/dashboard')))
})

inBrowser('it asks for what it shows, and for nothing else', async (t, browser) => {
  const server = await StandIn.start(t, together(mail, others(3000)))
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#show=message_count&show=scheduled_by_domain/domain`)
  t.same(await server.asked(2), ['message_count', 'scheduled_by_domain/domain'])
  await page.locator('[aria-label="Remove: message_count"]').click()
  await until(
    'only the other is asked for',
    async () => (await server.asked()).join() === 'scheduled_by_domain/domain',
  )
  t.same(await shown(page), ['scheduled_by_domain/domain'])
})

inBrowser('what is shown is in the address, and comes back from it', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await drawn(page, 9)
  await page.locator('[aria-label="Remove: Mail flow"]').click()
  await page.locator('[aria-label="Move down: Messages in hand"]').click()
  const before = await shown(page)
  t.same(before.slice(0, 2), ['@waiting-by-domain', '@in-hand'])
  await page.reload()
  await drawn(page, 8)
  t.same(await shown(page), before)
  const other = await openPage(t, browser)
  await other.page.goto(page.url())
  await drawn(other.page, 8)
  t.same(await shown(other.page), before, 'in another browser, too')
  await other.page.evaluate(`location.hash = '#show=message_count'`)
  await drawn(other.page, 1)
  t.same(await shown(other.page), ['message_count'], 'an address that is typed over it is followed')
})

inBrowser('a family that there is not is said to be missing, and drawn when it comes', async (t, browser) => {
  const server = await StandIn.start(
    t,
    mail.filter(({ name }) => name !== 'message_count'),
  )
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#show=message_count`)
  const problems = page.locator('.problems')
  await problems.waitFor({ state: 'visible' })
  t.match(await problems.innerText(), /no family message_count/)
  server.families = mail
  await problems.waitFor({ state: 'hidden' })
  await figures(page)
})

inBrowser(
  'it says that the endpoint is gone, keeps its pictures, and goes on when it is back',
  async (t, browser) => {
    const server = await StandIn.start(t, mail)
    const { page } = await openPage(t, browser)
    await page.goto(server.url)
    await drawn(page, 9)
    await figures(page)
    server.failure = { status: 503, text: 'too many scrapes at once\n' }
    await status(page, 'The endpoint is gone: it answers 503 (too many scrapes at once). Asks again in 2 s.')
    t.equal(await page.locator('.room canvas').count(), 9, 'what was drawn stays')
    server.failure = undefined
    await status(page, 'Asks every')
    await server.close()
    await status(page, 'it cannot be reached')
    t.equal(await page.locator('.room canvas').count(), 9)
    await server.open()
    await status(page, 'Asks every')
  },
)

inBrowser('a gap is drawn for the time in which it knew nothing', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#show=message_count`)
  await drawn(page, 1)
  await server.asked(5)
  // The line is all that is drawn in its colour: so many columns of the canvas have none of it.
  const columns = () =>
    page.evaluate<number>(`(() => {
      const canvas = document.querySelector('.room canvas')
      const sign = getComputedStyle(document.querySelector('.sign')).backgroundColor.match(/\\d+/g).map(Number)
      const { width, height } = canvas
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
      let inked = []
      for (let x = 0; x < width; x++)
        for (let y = 0; y < height; y++) {
          const at = 4 * (y * width + x)
          if ([0, 1, 2].every(n => Math.abs(data[at + n] - sign[n]) < 60) && data[at + 3] > 128) { inked.push(x); break }
        }
      return inked.reduce((most, x, n) => Math.max(most, n === 0 ? 0 : x - inked[n - 1]), 0)
    })()`)
  await until('the line is whole', async () => (await columns()) > 0)
  t.ok((await columns()) <= 2, 'a line has no gap')
  // As long as the answers before it took together, by the server's clock.
  server.time += 60_000
  await server.asked(3)
  await until('the line has a gap', async () => (await columns()) > 50)
})

inBrowser('where the pointer is, all tables show the figures of that time', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#show=message_count&show=scheduled_count_total`)
  await drawn(page, 2)
  await server.asked(20)
  const heads = () =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('thead th:nth-child(2)')].map(head => head.textContent)`,
    )
  const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(
    `document.querySelector('.u-over').getBoundingClientRect().toJSON()`,
  )
  t.same(await heads(), ['now', 'now'])
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2)
  await until('both show it', async () => (await heads()).every(head => /^\d\d:\d\d:\d\d$/.test(head)))
  await page.mouse.move(0, 0)
  await until('both are back', async () => (await heads()).join() === 'now,now')
})

inBrowser(
  'an address that asks for too much is followed as far as it goes, and the page says so',
  async (t, browser) => {
    const families = others(20)
    const server = await StandIn.start(t, families)
    const { page } = await openPage(t, browser)
    await page.goto(`${server.url}#${families.map(({ name }) => `show=${name}`).join('&')}`)
    await drawn(page, 16)
    t.match(await page.locator('#said').innerText(), /^4 pictures are left out: 16 families are the most/)
  },
)

inBrowser(
  'pictures that the page chose by itself find families that come later, and keep what they have',
  async (t, browser) => {
    const early = mail.filter(({ name }) => name !== 'total_messages_fail')
    const server = await StandIn.start(t, early)
    const { page } = await openPage(t, browser)
    await page.goto(server.url)
    await drawn(page, 9)
    const lines = () =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll('[data-view="@mail-flow"] tbody th')].map(head => head.textContent)`,
      )
    await until('three lines are drawn', async () => (await lines()).length === 3)
    await page.evaluate(`window.card = document.querySelector('[data-view="@mail-flow"]')`)
    server.families = mail
    // As after a restart: the page looks at once which families there are.
    server.failure = { status: 503, text: 'busy' }
    await status(page, 'The endpoint is gone')
    await page.evaluate(
      `(() => { const { now } = performance; performance.now = () => now.call(performance) + 20_000 })()`,
    )
    server.failure = undefined
    await until(
      'the fourth is drawn',
      async () => (await lines()).join() === 'received,delivered,deferred,bounced',
    )
    t.ok(await page.evaluate(`window.card.isConnected`), 'the picture is the same')
  },
)

inBrowser('a picture that comes by itself takes the focus from nothing', async (t, browser) => {
  const server = await StandIn.start(
    t,
    mail.filter(({ name }) => !name.startsWith('total_messages')),
  )
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await drawn(page, 8)
  await page.locator('[aria-label="Move up: Memory"]').focus()
  const focused = () => page.evaluate<string>(`document.activeElement.ariaLabel`)
  const before = await focused()
  t.match(before, /Memory$/)
  server.families = mail
  await page.evaluate(
    `(() => { const { now } = performance; performance.now = () => now.call(performance) + 70_000 })()`,
  )
  await drawn(page, 9)
  t.equal((await shown(page))[0], '@mail-flow')
  t.equal(await focused(), before)
})

inBrowser('a hidden page asks nothing, and goes on at once when it is seen', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await drawn(page, 9)
  const hide = (hidden: boolean) =>
    page.evaluate(`(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} })
      document.dispatchEvent(new Event('visibilitychange'))
    })()`)
  await hide(true)
  // A question may be out; then 20 times as long as it takes until the next one.
  const pause = `new Promise(resolve => setTimeout(resolve, ${5 * server.every}))`
  await page.evaluate(pause)
  const { answers } = server
  for (let n = 0; n < 4; n++) await page.evaluate(pause)
  t.equal(server.answers, answers)
  const asked = server.asked()
  await hide(false)
  await asked
})

inBrowser('a server that wants to be asked seldom is, and the page says why', async (t, browser) => {
  const server = await StandIn.start(t, mail)
  server.every = 8000
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await status(page, 'Asks every 8 s, because scheduled_by_domain has 100,000 series.')
})

inBrowser('before there is a metric it says so, and looks again', async (t, browser) => {
  const server = await StandIn.start(t, [])
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  const empty = page.locator('.empty')
  await empty.waitFor()
  t.match(await empty.innerText(), /no metric yet/)
  server.families = mail
  await drawn(page, 9)
})

inBrowser('a name from the network is text, whatever it looks like', async (t, browser) => {
  const name = '<img src=x onerror="document.title = 1">'
  const hostile = mail.map(family =>
    family.name === 'scheduled_by_domain'
      ? { ...family, help: name, by: { domain: () => new Map([[name, 5]]) } }
      : family,
  )
  const server = await StandIn.start(t, hostile)
  const { page, troubles } = await openPage(t, browser)
  await page.goto(`${server.url}#show=scheduled_by_domain/domain`)
  await figures(page)
  t.equal(await page.locator('tbody th').innerText(), name)
  await page.locator('#family').click()
  await page.keyboard.type('by_domain')
  t.equal(await page.locator('[role=option] .help').innerText(), name)
  t.same([await page.locator('img').count(), troubles], [0, []])
})

inBrowser(
  'a server that was started anew, and has counted more since than before, has no rate of both',
  async (t, browser) => {
    const server = await StandIn.start(t, together(others(2)))
    const { page } = await openPage(t, browser)
    // So seldom that each answer is shown before the next one comes.
    server.every = 400
    await page.goto(`${server.url}#show=app_part_0001_total`)
    await inPage(page, `/\\d\\/s/.test(document.querySelector('.card td')?.textContent ?? '')`)
    // Each figure that the table ever has.
    await page.evaluate(`(() => {
    window.figures = []
    const cell = document.querySelector('.card td')
    new MutationObserver(() => window.figures.push(cell.textContent)).observe(cell, { childList: true })
  })()`)
    const before = server.families
    server.families = before.map(family => ({ ...family, total: n => 1e9 + (family.total(n) as number) }))
    server.started = 1
    await inPage(page, `/G$/.test(document.querySelectorAll('.card td')[1].textContent)`)
    await server.asked(3)
    const rates = await page.evaluate<string[]>('window.figures')
    t.notOk(
      rates.some(rate => /[kMG]/.test(rate)),
      rates.join(),
    )
  },
)
