/** How the page looks: contrast by computation, no text cut or outside; pictures of it are left in dist/screenshots. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { inPage, openPage, type Page, startBrowser } from './browser.js'
import { mail, others, together } from './mail.js'
import { StandIn } from './stand-in.js'

const browser = await startBrowser(t as unknown as Test)
const screenshots = fileURLToPath(new URL('../../screenshots/', import.meta.url))
mkdirSync(screenshots, { recursive: true })

const SIZES = [
  { width: 360, height: 740 },
  { width: 1024, height: 768 },
  { width: 1920, height: 1080 },
]
const THEMES = ['light', 'dark'] as const

/** WCAG's, in the page: the least contrast of texts, and of what else must be told from its ground. */
const CONTRAST = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = colour => {
    const [r, g, b] = rgb(colour).map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  const ground = element => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if (rgb(backgroundColor)[3] === 255) return backgroundColor
    }
    return 'white'
  }
  const texts = [...document.querySelectorAll('body *')]
    .filter(one => one.checkVisibility() && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== ''))
    .map(one => ({ what: one.tagName + ' ' + one.textContent.slice(0, 30), ratio: ratio(getComputedStyle(one).color, ground(one)) }))
  const input = document.getElementById('family')
  texts.push({ what: 'placeholder', ratio: ratio(getComputedStyle(input, '::placeholder').color, ground(input)) })
  // Colours of lines and of the mark of the focus, as the canvas and the outline have them.
  const card = document.querySelector('.card')
  const probe = card.appendChild(document.createElement('i'))
  const names = [...Array.from({ length: 11 }, (_, n) => '--line-' + n), '--line-rate', '--accent', '--field']
  const marks = names.map(name => {
    probe.style.color = 'var(' + name + ')'
    return { what: name, ratio: ratio(getComputedStyle(probe).color, getComputedStyle(card).backgroundColor) }
  })
  probe.remove()
  return { texts, marks, control: ratio('#777', 'white') }
})()`

/** Texts that lie outside of the window or are cut off, but where an ellipsis says so and the whole is in the title. */
const CUT = `(() => {
  const { clientWidth } = document.documentElement
  return [...document.querySelectorAll('h1, h2, p, label, button, select, th, td, #matches > *')]
    .filter(one => one.checkVisibility() && !one.closest('.unseen'))
    .filter(one => {
      const { left, right } = one.getBoundingClientRect()
      const isShort = getComputedStyle(one).textOverflow === 'ellipsis' && (one.title !== '' || one.closest('thead'))
      return left < 0 || right > clientWidth + 0.5 || (one.scrollWidth > one.clientWidth + 1 && !isShort)
    })
    .map(one => one.tagName + ' ' + one.textContent)
})()`

interface Contrast {
  readonly what: string
  readonly ratio: number
}

async function drawn(page: Page): Promise<void> {
  await inPage(page, `document.querySelectorAll('.room canvas').length === 9`)
  await inPage(page, `document.querySelector('.room').getAttribute('aria-label').includes('/s')`)
}

if (browser !== undefined) {
  for (const colorScheme of THEMES) {
    for (const { width, height } of SIZES) {
      t.test(`${colorScheme}, ${width} wide: nothing is cut, nothing lies over anything`, async t => {
        const server = await StandIn.start(t, together(mail, others(20)))
        const { page } = await openPage(t, browser, { width, height, colorScheme })
        server.step = 6000
        await page.goto(server.url)
        await drawn(page)
        // A minute and a half, by the server's clock, so that the pictures are of something.
        await server.asked(15)
        const name = `${screenshots}${width}x${height}-${colorScheme}`
        await page.screenshot({ path: `${name}.png`, fullPage: true })
        t.same(await page.evaluate(CUT), [])
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, 'it scrolls only down')
        const overlapping = await page.evaluate<number>(`(() => {
          const all = [...document.querySelectorAll('.card')].map(card => card.getBoundingClientRect())
          return all.filter((one, n) => all.slice(n + 1).some(other =>
            one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)).length
        })()`)
        t.equal(overlapping, 0)
        const outside = await page.evaluate<number>(`[...document.querySelectorAll('.room')].filter(room => {
          const plot = room.querySelector('.uplot').getBoundingClientRect()
          const { right, bottom } = room.getBoundingClientRect()
          return plot.right > right + 1 || plot.bottom > bottom + 1
        }).length`)
        t.equal(outside, 0, 'each picture fits into its room')
        await page.locator('#family').click()
        await page.keyboard.type('messages')
        await page.keyboard.press('ArrowDown')
        await page.screenshot({ path: `${name}-box.png` })
        t.same(await page.evaluate(CUT), [])
      })
    }

    t.test(`${colorScheme}: contrast is that of WCAG's level AA`, async t => {
      const server = await StandIn.start(t, mail)
      const { page } = await openPage(t, browser, { width: 1024, height: 768, colorScheme })
      await page.goto(server.url)
      await drawn(page)
      const check = async (when: string) => {
        const { texts, marks, control } = await page.evaluate<{
          texts: Contrast[]
          marks: Contrast[]
          control: number
        }>(CONTRAST)
        t.equal(control.toFixed(2), '4.48', 'as it is computed elsewhere')
        t.ok(texts.length > 30, `${when}: ${texts.length} texts`)
        t.same(
          texts.filter(({ ratio }) => ratio < 4.5),
          [],
          'texts have 4.5',
        )
        t.same(
          marks.filter(({ ratio }) => ratio < 3),
          [],
          'lines, edges of fields and the mark of the focus have 3',
        )
      }
      await check('at rest')
      await page.locator('#family').click()
      await page.keyboard.press('ArrowDown')
      await check('with the list open')
      server.failure = { status: 503, text: 'busy' }
      await inPage(page, `document.getElementById('status').classList.contains('gone')`)
      await check('when the endpoint is gone')
    })
  }

  t.test('colours follow the system, until they are chosen, and that is remembered', async t => {
    const server = await StandIn.start(t, mail)
    const { page } = await openPage(t, browser, { width: 1024, height: 768, colorScheme: 'light' })
    await page.goto(server.url)
    await drawn(page)
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await ground()
    t.not(dark, light)
    await page.locator('#theme').selectOption('light')
    t.equal(await ground(), light)
    await page.reload()
    await drawn(page)
    t.equal(await ground(), light)
    await page.locator('#theme').selectOption('system')
    t.equal(await ground(), dark)
  })

  t.test('lines are drawn anew in the colours of the theme', async t => {
    const server = await StandIn.start(t, mail)
    const { page } = await openPage(t, browser, { width: 1024, height: 768, colorScheme: 'light' })
    await page.goto(`${server.url}#show=message_count`)
    await inPage(page, `document.querySelectorAll('.room canvas').length === 1`)
    await page.evaluate(`window.first = document.querySelector('.room canvas')`)
    await page.locator('#theme').selectOption('dark')
    await inPage(page, `document.querySelector('.room canvas') !== window.first`)
    t.pass('the picture is another one')
  })
}
