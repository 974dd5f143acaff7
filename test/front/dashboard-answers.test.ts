/** What all open pages cost is bounded: by what they are told, by what is kept for them, and by what waits. */
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { Scrape, ScrapeOptions } from '../../src/exposition/types.js'
import { DashboardAnswers, type DashboardSettings } from '../../src/front/dashboard/answers.js'
import { FamiliesAnswer } from '../../src/front/dashboard/families.js'

const GAUGE = Uint8Array.from([0x0a, 1, 0x67, 0x18, 1, 0x22, 11, 0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0x1c, 0x40])
const BODY = Uint8Array.from([GAUGE.length, ...GAUGE])

/** The same as a counter. */
const COUNTER = BODY.map((byte, at) => (at === 5 ? 0 : at === 8 ? 0x1a : byte))

/** `l0` to `l15`. */
const LABELS = Array.from({ length: 16 }, (_, n) => `l${n}`)

const NEVER: DashboardSettings['open'] = () => {
  throw new Error('it is small')
}

interface Bench {
  readonly cost?: number
  readonly fail?: boolean
  readonly family?: { readonly type: 'gauge' | 'counter'; readonly series: number }
  /** Whatever is asked for is not small then. */
  readonly open?: DashboardSettings['open']
  readonly othersWait?: () => boolean
}

/** Answers on a clock that stands still but where work is done, and pauses. */
function bench({ cost = 0, fail = false, open = NEVER, othersWait = () => false, family }: Bench = {}) {
  const { type, series } = family ?? { type: 'gauge', series: 1 }
  const large = open !== NEVER
  const waits: number[] = []
  let now = 1000
  let looks = 0
  let asked: ScrapeOptions | undefined
  let failing = fail
  let costs = cost
  const answers = new DashboardAnswers({
    scraper: {
      families: () => [{ name: 'g', type, help: '', unit: '', labels: LABELS, series }],
      small: options => {
        asked = options
        looks++
        now += costs
        if (failing) throw new Error('it fails')
        return large ? undefined : type === 'gauge' ? BODY : COUNTER
      },
    },
    open,
    othersWait,
    selfMetrics: false,
    refresh() {},
    now: () => now,
    date: () => now,
    wait: async ms => {
      if (ms > 0) waits.push(ms)
      await new Promise(setImmediate)
      now += ms
    },
  })
  const panel = (name: string) => [{ name, by: undefined }]
  return {
    answers,
    waits,
    ask: async (name = 'g') => JSON.parse(Buffer.from(await answers.figures(panel(name))!.answer).toString()),
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
    get asked() {
      return asked
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

t.test('it asks when each series began, which tells one that comes back from one that is new', async t => {
  const it = bench({ family: { type: 'counter', series: 1 } })
  await it.ask()
  t.match(it.asked, { format: 'protobuf', names: ['g'], created: true })
})

t.test('and the more seldom, the more it costs: a fiftieth of a processor', async t => {
  const rows: [cost: number, first: number, then: number][] = [
    [50, 2_000, 5_000],
    [200, 4_000, 20_000],
    [900, 18_000, 60_000],
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
    await other.answers.figures([...other.panel('g'), ...other.panel(by)])!.answer
  }
  t.strictSame(other.waits, [180, 180, 180], 'each second question waits nine times what the first one cost')
})

t.test('pages with the same picture have one answer, and those beyond sixteen questions none', async t => {
  const it = bench()
  const all = Array.from({ length: 5 }, () => it.answers.figures(it.panel('g')))
  t.equal(new Set(all.map(asked => asked?.answer)).size, 1)
  const more = Array.from({ length: 20 }, (_, n) => it.answers.figures(it.panel(`n${n}`)))
  t.equal(more.filter(answer => answer === undefined).length, 5)
  await Promise.all([...all, ...more].map(asked => asked?.answer))
  t.ok(it.answers.figures(it.panel('n19')), 'there is room again')
})

t.test('a failure is told to whoever asked, and not kept', async t => {
  const it = bench({ fail: true })
  await t.rejects(it.ask(), { message: 'it fails' })
  await t.rejects(it.ask(), { message: 'it fails' })
  it.mend()
  t.equal((await it.ask()).panels[0].total, 7)
})

t.test('what fails has cost, too: it is not tried as often as it is asked for', async t => {
  const it = bench({ cost: 100, fail: true })
  for (let n = 0; n < 3; n++) await t.rejects(it.ask(), { message: 'it fails' })
  t.strictSame(it.waits, [1800, 1800])
})

t.test('a process that was stopped for an hour answers again soon', async t => {
  const it = bench({ cost: 3_600_000 })
  await it.ask()
  it.cost(5)
  it.pass(60_000)
  t.equal((await it.ask()).every, 2_000)
  t.ok(
    it.waits.every(ms => ms < 60_000),
    it.waits.join(),
  )
})

t.test('nobody works for pages that have gone, and they keep nobody out', async t => {
  const it = bench()
  const gone = Array.from(
    { length: 16 },
    (_, n) => it.answers.figures([{ name: 'g', by: `${n}` }, ...it.panel('g')])!,
  )
  t.equal(it.answers.figures(it.panel('g')), undefined)
  for (const asked of gone) asked.leave()
  const [one, other] = [it.answers.figures(it.panel('g'))!, it.answers.figures(it.panel('g'))!]
  one.leave()
  one.leave()
  t.match(JSON.parse(Buffer.from(await other.answer).toString()), { panels: [{ total: 7 }] })
  t.equal(it.looks, 1)
})

t.test('what waits when a front closes is told so', async t => {
  const it = bench({ cost: 100 })
  await it.ask()
  const waiting = [it.answers.figures(it.panel('a'))!, it.answers.figures(it.panel('b'))!]
  it.answers.close(new Error('closing'))
  for (const { answer } of waiting) await t.rejects(answer, { message: 'closing' })
  t.equal(it.looks, 1)
})

t.test('answers that are kept take bounded memory', async t => {
  const long = 'x'.repeat(1_000_000)
  const it = bench()
  const ask = async (n: number) =>
    (await it.answers.figures([...it.panel('g'), ...it.panel(`${n}${long}`)])!.answer).length
  let bytes = 0
  for (let n = 0; n < 17; n++) bytes += await ask(n)
  t.ok(bytes > 16 * 2 ** 20)
  await ask(16)
  t.equal(it.looks, 17, 'the last one is given again')
  await ask(0)
  t.equal(it.looks, 18, 'the first one is not')
})

t.test('a question that is asked for the first time knows what others know of its families', async t => {
  const it = bench({ family: { type: 'counter', series: 5 } })
  t.equal((await it.ask()).panels[0].seconds, undefined)
  it.pass(1500)
  const { answer } = it.answers.figures([...it.panel('g'), ...it.panel('another')])!
  t.match(JSON.parse(Buffer.from(await answer).toString()).panels[0], { seconds: 1.5, increase: 0 })
  it.pass(500)
  t.equal((await it.ask()).panels[0].seconds, 2, 'and takes nothing from them')
})

t.test('so does what series had counted: without it nothing is said of the time before', async t => {
  const it = bench({ family: { type: 'counter', series: 170_000 } })
  const ask = async (n: number): Promise<number | undefined> => {
    const { answer } = it.answers.figures([...it.panel('g'), ...it.panel(`other${n}`)])!
    const { panels } = JSON.parse(Buffer.from(await answer).toString())
    t.equal(panels[0].total, 7)
    return panels[0].seconds
  }
  for (let n = 0; n < 3; n++) t.equal(await ask(n), undefined)
  it.pass(2000)
  t.strictSame([await ask(1), await ask(2)], [2, 2])
  t.equal(await ask(0), undefined, 'that of the first one was let go')
  it.pass(2000)
  t.equal(await ask(0), 2, 'and is kept again')
})

/** A scrape of so many parts of 256 KiB, in memory that others write over when a part was released. */
function parts(
  count: number,
  at: (n: number) => void = () => {},
): Scrape & { given: number; aborted: number } {
  let n = 0
  return {
    given: 0,
    aborted: 0,
    async next() {
      await new Promise(setImmediate)
      if (n === count) return undefined
      at(n++)
      this.given++
      const bytes = Buffer.concat(Array.from({ length: (1 << 18) / BODY.length }, () => BODY))
      return { bytes, release: () => bytes.fill(0xff) }
    },
    abort() {
      this.aborted++
    },
    rest: () => true,
  }
}

t.test('a scrape that was cut is not read any more', async t => {
  let cut: ((why: Error) => void) | undefined
  let scrape: ReturnType<typeof parts> | undefined
  const it = bench({
    open(_options, onCut) {
      cut = onCut
      scrape = parts(3)
      const { next } = scrape
      return {
        ...scrape,
        abort: () => scrape!.abort(),
        rest: () => true,
        async next() {
          const chunk = await next.call(scrape!)
          // What it handed out is another's at once.
          setImmediate(() => {
            chunk?.release()
            cut?.(new Error('it took too long'))
          })
          return chunk
        },
      }
    },
  })
  await t.rejects(it.ask(), { message: 'it took too long' })
  t.strictSame([scrape!.given, scrape!.aborted], [1, 1])
})

t.test('others that wait for a permit to scrape come first', async t => {
  let waiting = 3
  const order: string[] = []
  const it = bench({
    othersWait() {
      if (waiting > 0) order.push('others')
      return waiting-- > 0
    },
    open: () => parts(2, n => order.push(`part ${n}`)),
  })
  t.ok((await it.ask()).panels[0].total > 0)
  t.strictSame(order, ['others', 'others', 'others', 'part 0', 'part 1'])
})

t.test('others have their turn after each millisecond of work, however many panels there are', async t => {
  for (const [panels, steps] of [
    [1, 2],
    [16, 2],
    [16, 32],
  ] as const) {
    const it = bench({ open: () => parts(1) })
    const asked = it.answers.figures(
      Array.from({ length: panels }, (_, n) => ({ name: 'g', by: steps > 2 ? `l${n}` : undefined })),
    )!
    let turns = 0
    const count = () => {
      turns++
      immediate = setImmediate(count)
    }
    let immediate = setImmediate(count)
    await asked.answer
    clearImmediate(immediate)
    t.ok(turns >= steps, `${turns} turns for ${steps} steps`)
  }
})

t.test('the list of families is made as seldom as it is dear', async t => {
  let now = 0
  let made = 0
  const list = new FamiliesAnswer({
    list: () => {
      made++
      now += 40
      return [{ name: 'g', type: 'gauge', help: 'h'.repeat(5000), unit: '', labels: [], series: made }]
    },
    gzip: { level: 1, threshold: 1000 },
    now: () => now,
  })
  const plain = list.get(false)
  t.match(JSON.parse(Buffer.from(plain.bytes).toString()).families, [{ name: 'g', series: 1 }])
  now += 1900
  const packed = list.get(true)
  t.ok(packed.packed)
  t.strictSame(gunzipSync(packed.bytes), plain.bytes)
  t.equal(made, 1)
  now += 101
  list.get(true)
  t.equal(made, 2, 'fifty times what it costs')
})
