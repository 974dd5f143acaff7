/** The page on a real front: its own policy, its own figures, in a program that goes on recording. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { serve } from '../../src/index.js'
import { fresh } from '../support/registry.js'
import { inPage, openPage, startBrowser } from './browser.js'

const browser = await startBrowser(t as unknown as Test)

if (browser !== undefined) {
  t.test('a front answers the page, and the page draws what the program records', async t => {
    const { registry } = fresh(t)
    const received = registry.counter({
      name: 'mail_received_total',
      help: 'Messages accepted',
      labelNames: ['service'],
    })
    const queued = registry.gauge({ name: 'mail_queued', help: 'Messages in queues', labelNames: ['domain'] })
    const accepted = registry.histogram({ name: 'mail_accept_seconds', help: 'Time to accept a message' })
    const wide = registry.histogram({
      name: 'mail_size_bytes',
      help: 'Bytes of a message',
      native: { schema: 3 },
    })
    for (let n = 0; n < 30; n++) queued.labels(`domain-${n}.example`).set(100 - n)
    const recording = setInterval(() => {
      received.labels('smtp').inc(50)
      accepted.observe(0.2)
      wide.observe(3000)
    }, 20)
    t.teardown(() => clearInterval(recording))
    const front = await serve(registry, { listen: '127.0.0.1:0' })
    t.teardown(() => front.close())

    const { page, troubles, requests } = await openPage(t, browser)
    await page.goto(new URL('/dashboard', front.url).href)
    const card = (view: string) => `[data-view="${view}"]`
    await inPage(page, `document.querySelectorAll('.room canvas').length >= 3`)
    await inPage(page, `/[1-9].*\\/s/.test(document.querySelector('${card('@mail-flow')} td').textContent)`)
    t.pass('there is a rate')
    const text = await page.locator(card('@waiting-by-domain')).innerText()
    t.match(text, /domain-0\.example\s+100/)
    t.match(text, /20 others\s+1610/)
    await inPage(page, `document.querySelector('${card('@acceptance-time')} td').textContent.endsWith('ms')`)
    t.pass('there is a quantile')

    await page.locator('#family').click()
    await page.keyboard.type('size_bytes')
    await page.keyboard.press('Enter')
    await inPage(page, `/KiB$/.test(document.querySelector('${card('mail_size_bytes')} td')?.textContent)`)
    t.pass('and one of a native histogram')

    t.same(troubles, [], 'nothing is against the policy that the front sends')
    t.same(
      requests.filter(url => new URL(url).origin !== new URL(front.url).origin && !url.startsWith('data:')),
      [],
    )
    const policy = (await fetch(new URL('/dashboard', front.url))).headers.get('content-security-policy')
    t.match(policy, /default-src 'none'.*require-trusted-types-for 'script'/)
  })

  t.test(
    'the busiest are drawn with their rates, whatever was counted before, and whatever ends',
    async t => {
      const { registry } = fresh(t)
      const sent = registry.counter({ name: 'sent_total', help: '', labelNames: ['domain', 'source'] })
      for (let n = 0; n < 20; n++) sent.inc({ domain: `old-${n}.example`, source: 'a' }, 1_000_000 + n)
      for (let n = 0; n < 500; n++) sent.inc({ domain: 'old-0.example', source: `b${n}` }, 1000)
      let ends = 0
      const recording = setInterval(() => {
        sent.inc({ domain: 'young.example', source: 'a' }, 10)
        sent.inc({ domain: 'old-0.example', source: 'a' })
        sent.remove({ domain: 'old-0.example', source: `b${ends++}` })
      }, 50)
      t.teardown(() => clearInterval(recording))
      const front = await serve(registry, { listen: '127.0.0.1:0' })
      t.teardown(() => front.close())
      const { page } = await openPage(t, browser)
      await page.goto(new URL('/dashboard#show=sent_total/domain&show=sent_total', front.url).href)
      const row = (card: number, at: number) =>
        `[...document.querySelectorAll('.card')][${card}]?.querySelectorAll('tbody tr')[${at}]?.innerText ?? ''`
      await inPage(page, `/^young.example\\s+[1-9].*\\/s/.test(${row(0, 0)})`)
      t.pass('one that is young')
      await inPage(page, `/^old-0.example\\s+[1-9].*\\/s/.test(${row(0, 1)})`)
      t.pass('one whose sum falls, since series of it end')
      await inPage(page, `/^all series\\s+[1-9].*\\/s/.test(${row(1, 0)})`)
      t.pass('and all together')
    },
  )

  t.test('with a slash behind its name it is the same page, under the path of a proxy too', async t => {
    const { registry } = fresh(t)
    registry.gauge({ name: 'mail_queued', help: 'Messages in queues' }).set(7)
    const front = await serve(registry, { listen: '127.0.0.1:0' })
    t.teardown(() => front.close())
    // As `location /mx1/ { proxy_pass http://front/; }` of nginx has it.
    const proxy = createServer(async ({ url = '', method = 'GET' }, response) => {
      if (!url.startsWith('/mx1/')) return response.writeHead(404).end()
      const answer = await fetch(new URL(url.slice('/mx1'.length), front.url), { method })
      const names = ['content-type', 'content-security-policy']
      response.writeHead(
        answer.status,
        Object.fromEntries(names.map(name => [name, answer.headers.get(name) ?? ''])),
      )
      return response.end(Buffer.from(await answer.arrayBuffer()))
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => proxy.close().closeAllConnections())
    const behind = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/mx1`
    for (const address of [
      `${new URL(front.url).origin}/dashboard/`,
      `${behind}/dashboard`,
      `${behind}/dashboard/`,
    ]) {
      const { page, troubles } = await openPage(t, browser)
      await page.goto(`${address}#show=mail_queued`)
      await inPage(page, `document.querySelector('.card td')?.textContent === '7'`)
      t.same([troubles, page.url()], [[], `${address}#show=mail_queued`])
    }
    const [page, folder] = await Promise.all(
      ['', '/'].map(slash => fetch(new URL(`/dashboard${slash}`, front.url), { method: 'HEAD' })),
    )
    const policy = 'content-security-policy'
    t.ok(page!.headers.get(policy))
    t.equal(folder!.headers.get(policy), page!.headers.get(policy))
  })

  t.test('a front that is closed and started anew is seen to be gone, and back', async t => {
    const { registry } = fresh(t)
    registry.gauge({ name: 'mail_queued', help: 'Messages in queues' }).set(7)
    const first = await serve(registry, { listen: '127.0.0.1:0' })
    const { host } = new URL(first.url)
    const { page, troubles } = await openPage(t, browser)
    await page.goto(new URL('/dashboard', first.url).href)
    await inPage(page, `document.querySelector('.card td')?.textContent === '7'`)
    await first.close()
    await inPage(
      page,
      `document.getElementById('status').textContent.startsWith('The endpoint is gone: it cannot be reached')`,
    )
    const second = await serve(registry, { listen: host })
    t.teardown(() => second.close())
    await inPage(page, `document.getElementById('status').textContent.startsWith('Asks every')`)
    const errors = troubles.filter(text => !/Failed to load resource/.test(text))
    t.same(errors, [], 'but for what the browser says of a refused connection')
  })
}
