/** The page by keys alone, and as a screen reader has it. */
import t, { type Test } from 'tap'
import { inPage, openPage, type Page, startBrowser } from './browser.js'
import { mail, others, together } from './mail.js'
import { StandIn } from './stand-in.js'

const browser = await startBrowser(t as unknown as Test)
const focused = (page: Page) =>
  page.evaluate<string>(`(() => {
    const { activeElement: element } = document
    return element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.tagName
  })()`)
const shown = (page: Page) =>
  page.evaluate<string[]>(`[...document.querySelectorAll('.card')].map(card => card.dataset.view)`)
const said = (page: Page, text: string) =>
  inPage(page, `document.getElementById('said').textContent === ${JSON.stringify(text)}`)

async function opened(t: Test, fragment = ''): Promise<Page> {
  const server = await StandIn.start(t, together(mail, others(5000)))
  const { page } = await openPage(t, browser!)
  await page.goto(server.url + fragment)
  await inPage(page, `/\\d/.test(document.querySelector('.card td')?.textContent ?? '')`)
  return page
}

async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

if (browser !== undefined) {
  t.test('a family is found, added, split by a label, moved and removed without a pointer', async t => {
    const page = await opened(t, '#show=message_count&show=scheduled_count_total')
    await press(page, 'Tab')
    t.equal(await focused(page), 'Show a family', 'the box is what comes first')
    await page.keyboard.type('queued by prov')
    t.equal(await page.locator('[role=option]').count(), 1)
    await press(page, 'ArrowDown')
    const box = page.locator('#family')
    const active = await box.getAttribute('aria-activedescendant')
    t.match(await page.locator(`#${active}`).innerText(), /queued_count_by_provider.*gauge, 12 series/s)
    await press(page, 'Enter')
    await said(page, 'queued_count_by_provider is added as the first picture')
    t.same(await shown(page), ['queued_count_by_provider', 'message_count', 'scheduled_count_total'])
    t.equal(await box.getAttribute('aria-expanded'), 'false')

    await press(page, 'Tab', 'Tab')
    t.equal(await focused(page), 'Lines of queued_count_by_provider', 'behind the choice of colours')
    await press(page, 'ArrowDown')
    await said(page, 'queued_count_by_provider by provider is shown')
    t.equal(
      await focused(page),
      'Lines of queued_count_by_provider by provider',
      'the key stays where it was',
    )
    await inPage(page, `document.querySelectorAll('.card tbody tr').length > 10`)

    await press(page, 'Tab', 'Tab', 'Enter')
    await said(page, 'queued_count_by_provider by provider is at place 2 of 3')
    t.equal(await focused(page), 'Move down: queued_count_by_provider by provider')
    await press(page, 'Enter', 'Enter')
    await said(page, 'queued_count_by_provider by provider is last already')
    await press(page, 'Shift+Tab', 'Enter')
    await said(page, 'queued_count_by_provider by provider is at place 2 of 3')
    t.same(await shown(page), ['message_count', 'queued_count_by_provider/provider', 'scheduled_count_total'])

    await press(page, 'Tab', 'Tab', 'Enter')
    await said(page, 'queued_count_by_provider by provider is removed')
    t.same(await shown(page), ['message_count', 'scheduled_count_total'])
    t.equal(await focused(page), 'Remove: scheduled_count_total')
    await press(page, 'Enter')
    t.equal(await focused(page), 'Remove: message_count')
    await press(page, 'Enter')
    t.equal(await focused(page), 'Show a family', 'where nothing is left, the box')
    t.ok(page.url().endsWith('#show='), page.url())
  })

  t.test('Tab walks through all of the page, forth and back, and out of it', async t => {
    const page = await opened(t)
    const stops: string[] = []
    for (await press(page, 'Tab'); (await focused(page)) !== 'BODY'; await press(page, 'Tab')) {
      stops.push(await focused(page))
      if (stops.length > 100) break
    }
    t.equal(new Set(stops).size, stops.length, 'each stop once, and each with a name of its own')
    t.same(stops.slice(0, 5), [
      'Show a family',
      'Colours',
      'Move up: Mail flow',
      'Move down: Mail flow',
      'Remove: Mail flow',
    ])
    await press(page, 'Shift+Tab')
    t.equal(await focused(page), stops.at(-1))
  })

  t.test('each stop shows that it has the focus', async t => {
    const page = await opened(t, '#show=scheduled_by_domain/domain')
    for (let stop = 0; stop < 7; stop++) {
      await press(page, 'Tab')
      const outline = await page.evaluate<string>(`getComputedStyle(document.activeElement).outline`)
      t.match(outline, /solid 2px|2px solid/, `${await focused(page)}: ${outline}`)
    }
  })

  t.test('the list goes round by arrows, and closes by Escape', async t => {
    const page = await opened(t)
    await press(page, 'Tab', 'ArrowUp')
    const chosen = () =>
      page.evaluate<number>(
        `[...document.querySelectorAll('[role=option]')].findIndex(one => one.getAttribute('aria-selected') === 'true')`,
      )
    t.equal(await page.locator('[role=option]').count(), 50, 'of five thousand')
    t.match(await page.locator('#matches .note').innerText(), /4,964 more/)
    t.equal(await chosen(), 49)
    await press(page, 'ArrowDown')
    t.equal(await chosen(), 0)
    const option = page.locator('[aria-selected=true]')
    t.ok(await option.isVisible())
    await press(page, 'Escape')
    t.notOk(await page.locator('#matches').isVisible())
    t.equal(await page.locator('#family').getAttribute('aria-activedescendant'), null)
    await page.keyboard.type('zzz')
    t.match(await page.locator('#matches').innerText(), /No family has this/)
    await press(page, 'Escape', 'Escape')
    t.equal(await page.locator('#family').evaluate(input => input.value), '')
  })

  t.test('what is shown already is not added again, and more than sixteen families are not', async t => {
    const page = await opened(t)
    const add = async (name: string) => {
      await page.locator('#family').focus()
      await page.keyboard.type(name)
      await press(page, 'Enter')
    }
    await add('app_part_0000_total')
    await add('app_part_0000_total')
    await said(page, 'app_part_0000_total is shown already')
    await add('app_part_0001_total')
    await said(page, 'app_part_0001_total is added as the first picture')
    await add('app_part_0002_total')
    await said(
      page,
      'app_part_0002_total is not added: 16 families are the most that are shown at once. Remove a picture first.',
    )
    t.ok(await page.locator('#said').isVisible(), 'which is seen, too')
  })

  t.test('every picture says its figures to whoever does not see it', async t => {
    const page = await opened(t)
    await inPage(page, `document.querySelector('.room').getAttribute('aria-label').includes('/s')`)
    const labels = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[role=img]')].map(room => room.getAttribute('aria-label'))`,
    )
    t.equal(labels.length, 9)
    t.match(labels[0]!, /^Mail flow, now: received [\d.]+\/s; delivered [\d.]+\/s; deferred/)
    for (const label of labels) t.match(label, /, now: .*\d/)
    const tables = await page.evaluate<boolean[]>(`[...document.querySelectorAll('.card')].map(card => {
      const rows = [...card.querySelectorAll('tbody tr')]
      return rows.length > 0 && rows.every(row => row.querySelector('th[scope=row]') && row.querySelector('td')) &&
        card.querySelector('caption').textContent !== '' && card.querySelectorAll('thead th[scope=col]').length > 1
    })`)
    t.same(
      tables,
      labels.map(() => true),
      'and has them in a table with heads',
    )
  })

  t.test('every control has a name', async t => {
    const page = await opened(t)
    const nameless = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll('button, input, select, [tabindex]')]
      .filter(one => !one.getAttribute('aria-label') && !one.labels?.length).map(one => one.outerHTML)`)
    t.same(nameless, [])
  })
}
