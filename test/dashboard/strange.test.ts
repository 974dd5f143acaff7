/** What the page makes of answers that others give in its front's place, or keep: it says so, and goes on afterwards. */
import t, { type Test } from 'tap'
import { inPage, openPage, startBrowser } from './browser.js'
import { mail } from './mail.js'
import { StandIn } from './stand-in.js'

const browser = await startBrowser(t as unknown as Test)

async function opened(t: Test, fragment: string, prepare: (server: StandIn) => void = () => {}) {
  const server = await StandIn.start(t, mail)
  prepare(server)
  const { page } = await openPage(t, browser!)
  await page.goto(server.url + fragment)
  const status = (text: string) =>
    inPage(page, `document.getElementById('status').textContent.includes(${JSON.stringify(text)})`)
  const figures = () => inPage(page, `/\\d/.test(document.querySelector('.card td')?.textContent ?? '')`)
  return { server, page, status, figures }
}

if (browser !== undefined) {
  t.test('JSON of something else is none of a dashboard, and is not asked for without a pause', async t => {
    const { server, status, figures } = await opened(t, '#show=message_count')
    await figures()
    const strange = { time: 1, every: -1, panels: [{ name: 'message_count', problem: 'unknown' }] }
    for (const body of [null, {}, strange]) {
      server.failure = { status: 200, text: JSON.stringify(body), type: 'application/json' }
      await status('its answer broke off, or is none of a dashboard. Asks again in ')
      server.failure = undefined
      await status('Asks every')
    }
  })

  t.test('the markup of a proxy is not shown, nor taken for figures', async t => {
    const { server, status, figures } = await opened(t, '#show=message_count')
    await figures()
    server.failure = { status: 502, text: '<html>\n<head>', type: 'text/html' }
    await status('The endpoint is gone: it answers 502. Asks again in')
    server.failure = { status: 200, text: '<html>\n<head>', type: 'text/html' }
    await status('none of a dashboard')
  })

  t.test('an answer that a proxy keeps is not taken for the present, until there is a new one', async t => {
    const { server, page, status, figures } = await opened(t, '#show=message_count')
    await figures()
    server.step = 0
    await status('something between this page and its server keeps answers')
    t.match(await page.locator('#status').innerText(), /^The figures are those of 12:\d\d:\d\d: /)
    server.step = 2000
    await status('Asks every')
  })

  t.test('without a list of families, what the address names is drawn all the same', async t => {
    const { server, page, status, figures } = await opened(t, '#show=message_count', server => {
      server.listFailure = { status: 403, text: 'not you\n' }
    })
    await figures()
    await status('Asks every 0.08 s. There is no list of families: it answers 403 (not you).')
    server.listFailure = undefined
    await inPage(page, `!document.getElementById('status').classList.contains('gone')`)
    t.match(await page.locator('#status').innerText(), /^Asks every 0.08 s\.$/)
  })

  t.test('pictures have no gaps because there is no list of families', async t => {
    const { server, page, status, figures } = await opened(t, '#show=message_count')
    await figures()
    server.listFailure = { status: 403, text: 'not you\n' }
    await page.evaluate(
      `(() => { const { now } = performance; performance.now = () => now.call(performance) + 20_000 })()`,
    )
    await page.locator('#family').click()
    await status('There is no list of families')
    t.match(await page.locator('#status').innerText(), /^Asks every/)
  })
}
