/** What all open pages cost is bounded: by what they are told, by what is kept for them, and by what waits. */
import t from 'tap'
import type { Scrape } from '../../src/exposition/types.js'
import { DashboardAnswers } from '../../src/front/dashboard/answers.js'

const GAUGE = Uint8Array.from([0x0a, 1, 0x67, 0x18, 1, 0x22, 11, 0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0x1c, 0x40])
const BODY = Uint8Array.from([GAUGE.length, ...GAUGE])

/** Answers on a clock that stands still but where work is done, and pauses. */
function bench({ cost = 0, fail = false } = {}) {
  const waits: number[] = []
  let now = 1000
  let looks = 0
  let failing = fail
  let costs = cost
  const answers = new DashboardAnswers({
    scraper: {
      families: () => [{ name: 'g', type: 'gauge', help: '', unit: '', labels: [], series: 1 }],
      small: () => {
        looks++
        if (failing) throw new Error('it fails')
        now += costs
        return BODY
      },
    },
    open: () => ({}) as Scrape,
    selfMetrics: false,
    refresh() {},
    now: () => now,
    date: () => now,
    wait: async ms => {
      waits.push(ms)
      now += ms
    },
  })
  const panel = (name: string) => [{ name, by: undefined }]
  return {
    answers,
    waits,
    ask: async (name = 'g') => JSON.parse(Buffer.from(await answers.figures(panel(name))!).toString()),
    panel,
    pass: (ms: number) => {
      now += ms
    },
    cost: (ms: number) => {
      costs = ms
    },
    mend: () => {
      failing = false
    },
    get looks() {
      return looks
    },
  }
}

t.test('a page asks every two seconds, of what costs little', async t => {
  const it = bench({ cost: 5 })
  const first = await it.ask()
  t.strictSame([first.every, first.panels[0].total], [2000, 7])
  it.pass(1000)
  t.equal((await it.ask()).time, first.time, 'one that asks sooner gets the same again')
  t.equal(it.looks, 1)
  it.pass(1000)
  t.not((await it.ask()).time, first.time)
  t.equal(it.looks, 2)
})

t.test('and the more seldom, the more it costs: a fiftieth of a processor', async t => {
  const rows: [cost: number, first: number, then: number][] = [
    [50, 2_000, 5_000],
    [200, 4_000, 20_000],
    [5_000, 60_000, 60_000],
  ]
  for (const [cost, first, then] of rows) {
    const it = bench({ cost })
    t.equal(
      (await it.ask()).every,
      first,
      `${cost} ms: twice that, for the threads that encode; the second one soon`,
    )
    it.pass(first)
    t.equal((await it.ask()).every, then)
  }
})

t.test('what was held up once is not taken for dear', async t => {
  const it = bench({ cost: 5 })
  await it.ask()
  it.pass(2_000)
  it.cost(300)
  t.equal((await it.ask()).every, 2_000)
  it.pass(2_000)
  t.equal((await it.ask()).every, 30_000, 'but what stays dear')
})

t.test('all pages together take a tenth, whatever they ask', async t => {
  const it = bench({ cost: 10 })
  await Promise.all(['g', 'a', 'b'].map(name => it.ask(name)))
  t.equal(it.looks, 1, 'what is unknown is not looked for')
  const other = bench({ cost: 10 })
  for (const by of ['x', 'y', 'z']) {
    other.pass(3000)
    await other.ask()
    const asked = other.answers.figures([...other.panel('g'), ...other.panel(by)])
    await asked
  }
  t.strictSame(other.waits, [180, 180, 180], 'each second question waits nine times what the first one cost')
})

t.test('pages with the same picture have one answer, and those beyond sixteen questions none', async t => {
  const it = bench()
  const all = Array.from({ length: 5 }, () => it.answers.figures(it.panel('g')))
  t.equal(new Set(all).size, 1)
  const more = Array.from({ length: 20 }, (_, n) => it.answers.figures(it.panel(`n${n}`)))
  t.equal(more.filter(answer => answer === undefined).length, 5)
  await Promise.all([...all, ...more])
  t.ok(it.answers.figures(it.panel('n19')), 'there is room again')
})

t.test('a failure is told to whoever asked, and not kept', async t => {
  const it = bench({ fail: true })
  await t.rejects(it.ask(), { message: 'it fails' })
  await t.rejects(it.ask(), { message: 'it fails' })
  it.mend()
  t.equal((await it.ask()).panels[0].total, 7)
})
