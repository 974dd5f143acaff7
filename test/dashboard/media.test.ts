/** The page where the system has colours of its own, on paper, with names as long as they may be, and as it is heard. */
import t, { type Test } from 'tap'
import { until } from '../support/until.js'
import { inPage, openPage, startBrowser } from './browser.js'
import { mail } from './mail.js'
import { type Played, StandIn } from './stand-in.js'

const browser = await startBrowser(t as unknown as Test)

async function opened(t: Test, fragment: string, families: readonly Played[] = mail, width = 1024) {
  const server = await StandIn.start(t, families)
  const { page } = await openPage(t, browser!, { width, height: 740 })
  await page.goto(server.url + fragment)
  await inPage(page, `/\\d/.test(document.querySelector('.card td')?.textContent ?? '')`)
  return { server, page }
}

if (browser !== undefined) {
  t.test('where the system forces its colours, lines are told apart all the same', async t => {
    const { page } = await opened(t, '#show=@mail-flow')
    await page.emulateMedia({ forcedColors: 'active' })
    /** Colours that are no grey, in steps of a few: of pixels, and of the table's signs. */
    const drawn = () =>
      page.evaluate<number>(`(() => {
        const canvas = document.querySelector('.room canvas')
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        const found = new Set()
        for (let at = 0; at < data.length; at += 4) {
          const rgb = [data[at], data[at + 1], data[at + 2]]
          if (data[at + 3] === 255 && Math.max(...rgb) - Math.min(...rgb) > 60) found.add(rgb.map(one => one >> 5).join())
        }
        return found.size
      })()`)
    await until('the canvas has colours', async () => (await drawn()) >= 3)
    const signs = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.sign')].map(sign => getComputedStyle(sign).backgroundColor)`,
    )
    t.equal(new Set(signs).size, 4, signs.join(', '))
  })

  t.test('on paper tables are whole, texts are dark, and nothing is there to be pressed', async t => {
    const { page } = await opened(t, '#show=scheduled_by_domain/domain')
    await page.locator('#theme').selectOption('dark')
    await inPage(page, `document.querySelectorAll('tbody tr').length > 10`)
    const cut = () =>
      page.evaluate<number>(
        `(() => { const { scrollHeight, clientHeight } = document.querySelector('.figures'); return scrollHeight - clientHeight })()`,
      )
    t.ok((await cut()) > 0, 'on the screen such a table scrolls')
    await page.emulateMedia({ media: 'print' })
    t.equal(await cut(), 0)
    t.equal(await page.evaluate(`getComputedStyle(document.body).color`), 'rgb(28, 35, 41)')
    t.notOk(await page.locator('#family').isVisible())
    t.notOk(await page.locator('.controls').isVisible())
  })

  t.test('a name as long as it may be leaves the page its width, and the picture its place', async t => {
    const [name, label] = ['n'.repeat(1024), 'l'.repeat(1024)]
    const long: Played = {
      ...{ name, type: 'gauge', help: name, labels: [label], series: 1, total: () => 1 },
      by: { [label]: () => new Map([['v'.repeat(5000), 1]]) },
    }
    const { page } = await opened(t, `#show=${name}/${label}&show=${'x'.repeat(1024)}`, [long], 360)
    await page.locator('.problems').nth(1).waitFor({ state: 'visible' })
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
    const { height } = await page.evaluate<{ height: number }>(
      `document.querySelector('h2').getBoundingClientRect().toJSON()`,
    )
    t.ok(height < 100, `${height} pixels`)
    t.equal(await page.locator('h2').first().getAttribute('title'), `${name} by ${label}`)
  })

  t.test('a title is heard as the name that it is, wherever it breaks', async t => {
    const { page } = await opened(t, '#show=process_resident_memory_bytes')
    t.equal(await page.locator('h2').getAttribute('aria-label'), 'process_resident_memory_bytes')
  })
}
