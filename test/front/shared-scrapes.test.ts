import fc from 'fast-check'
import t from 'tap'
import type { Cut } from '../../src/front/scrapes/cut.js'
import type { Reader } from '../../src/front/scrapes/reader.js'
import { type CutReason, SharedScrapes } from '../../src/front/scrapes/shared-scrapes.js'
import { type FakePlan, FakeScraper, letter } from '../fixtures/front-scraper.js'
import { SEED } from '../support/arbitrary.js'

t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(120_000)

const turn = () => new Promise(setImmediate)
const OPTIONS = { format: 'text', prefix: '', selfMetrics: true } as const

interface Follower {
  readonly reader: Reader
  readonly got: number[]
  cut: Cut | undefined
}

function setUp(plan: FakePlan, more: Partial<ConstructorParameters<typeof SharedScrapes>[0]> = {}) {
  const clock = { now: 0 }
  const cuts: CutReason[] = []
  const scraper = new FakeScraper(plan)
  const scrapes = new SharedScrapes({
    maxConcurrentScrapes: 1,
    maxWait: 1000,
    stallTimeout: 10_000,
    now: () => clock.now,
    onCut: reason => cuts.push(reason),
    ...more,
  })
  const open = (key = 'a', deadline = Number.POSITIVE_INFINITY): Follower => {
    const follower: { -readonly [K in keyof Follower]: Follower[K] } = {
      reader: undefined as unknown as Reader,
      got: [],
      cut: undefined,
    }
    follower.reader = scrapes.open(
      key,
      () => scraper.open(OPTIONS),
      deadline,
      cut => {
        follower.cut = cut
      },
    )
    return follower
  }
  return { clock, cuts, scraper, ledger: scraper.ledger, scrapes, open }
}

/** Reads to the end, or until `stop` chunks are held and not released. */
async function read({ reader, got }: Follower): Promise<void> {
  for (;;) {
    const chunk = await reader.next()
    if (chunk === undefined) break
    await turn()
    got.push(...chunk.bytes)
    chunk.release()
  }
  reader.abort()
}

const whole = (chunks: number) => Array.from({ length: chunks }, (_, at) => letter(at))

t.test('scrapes that begin together are one shared scrape, others are their own', async t => {
  const { ledger, open, scrapes } = setUp({ chunks: 5 }, { maxConcurrentScrapes: 3 })
  const together = [open(), open(), open()]
  const other = open('b')
  await Promise.all([...together, other].map(read))
  t.equal(ledger.opened, 2)
  for (const { got } of [...together, other]) t.same(got, whole(5))
  t.equal(ledger.released, ledger.given)
  t.equal(ledger.releasedTwice, 0)
  t.equal(scrapes.running, 0)
})

t.test('a reader that comes after a part was handed out gets a scrape of its own', async t => {
  const { ledger, open } = setUp({ chunks: 3 }, { maxConcurrentScrapes: 2 })
  const first = open()
  const chunk = await first.reader.next()
  const second = open()
  t.equal(ledger.opened, 1)
  chunk!.release()
  await Promise.all([read(first), read(second)])
  t.equal(ledger.opened, 2)
  t.same(second.got, whole(3))
})

t.test(
  'with all permits taken the next scrape waits, shared with its like, and goes on when one is free',
  async t => {
    const { ledger, scrapes, open } = setUp({ chunks: 3 })
    const first = open('a')
    const held = await first.reader.next()
    const waiting = [open('b'), open('b')]
    const reading = waiting.map(read)
    await turn()
    t.equal(scrapes.waiting, 2)
    t.equal(ledger.opened, 1)
    held!.release()
    await read(first)
    await Promise.all(reading)
    t.equal(ledger.opened, 2)
    for (const { got } of waiting) t.same(got, whole(3))
    t.equal(scrapes.waiting, 0)
  },
)

t.test('a reader that has waited for too long is refused, with a time to come again', async t => {
  const { clock, scrapes, open, cuts } = setUp({ chunks: 3, hangAt: 0 })
  const first = open('a')
  const pending = first.reader.next().catch(error => error)
  const second = open('b')
  const refused = second.reader.next().then(
    () => undefined,
    error => error,
  )
  clock.now = 999
  scrapes.tick()
  t.equal(second.cut, undefined)
  clock.now = 1000
  scrapes.tick()
  t.match(await refused, { refusal: { status: 503, denial: 'busy' } })
  t.same(new Map(second.cut!.refusal.headers).get('Retry-After'), '1')
  t.same(cuts, ['busy'])
  first.reader.abort()
  t.equal(await pending, undefined)
})

t.test('more than can wait are refused at once', async t => {
  const { open, scrapes } = setUp({ chunks: 3, hangAt: 0 })
  open('running')
  for (let n = 0; n < 128; n++) open(String(n))
  t.equal(scrapes.waiting, 128)
  t.throws(() => open('one more'), { message: /option "maxConcurrentScrapes"/ })
})

t.test('a reader that takes nothing keeps no other waiting, and goes on later where it stood', async t => {
  const { clock, scrapes, ledger, open } = setUp({ chunks: 6, chunkBytes: 10 })
  const stalled = open('a')
  const held = [(await stalled.reader.next())!, (await stalled.reader.next())!]
  clock.now = 20
  const other = open('b')
  t.equal(scrapes.waiting, 0, 'the other has its permit')
  t.equal(scrapes.copied, 20, 'what the first had not taken is kept for it')
  t.equal(ledger.released, 2, 'and its slots are free')
  await read(other)
  t.same(
    held.map(({ bytes }) => bytes[0]),
    [letter(0), letter(1)],
    'though they were written over',
  )
  for (const chunk of held) {
    stalled.got.push(...chunk.bytes)
    chunk.release()
  }
  t.equal(scrapes.copied, 0)
  await read(stalled)
  t.equal(stalled.got.length, 60)
  t.same(
    stalled.got.filter((_, at) => at % 10 === 0),
    whole(6),
  )
  t.equal(ledger.opened, 2)
})

t.test('when there is no memory for copies, the reader that took nothing for longest is cut', async t => {
  const { clock, cuts, open } = setUp(
    { chunks: 6, chunkBytes: 10 },
    { maxConcurrentScrapes: 2, maxCopied: 25 },
  )
  const stalled: Follower[] = []
  for (const key of ['a', 'b', 'c']) {
    const follower = open(key)
    stalled.push(follower)
    await follower.reader.next()
    await follower.reader.next()
    clock.now += 500
  }
  t.same(
    stalled.map(({ cut }) => cut !== undefined),
    [false, false, false],
    'a was copied for c; b and c run',
  )
  const other = open('d')
  t.same(
    stalled.map(({ cut }) => cut !== undefined),
    [true, false, false],
  )
  t.same(cuts, ['memory'])
  await read(other)
  t.same(other.got.length, 60)
})

t.test('a laggard in a shared scrape does not hold the others up', async t => {
  const { clock, scrapes, open, ledger } = setUp({ chunks: 8, chunkBytes: 10 })
  const fast = open()
  const slow = open()
  const held = (await slow.reader.next())!
  clock.now = 50
  await read(fast)
  t.equal(fast.got.length, 80)
  t.equal(ledger.opened, 1)
  t.ok(scrapes.copied > 0)
  slow.got.push(...held.bytes)
  held.release()
  await read(slow)
  t.same(slow.got, fast.got)
  t.equal(scrapes.copied, 0)
  t.equal(ledger.releasedTwice, 0)
})

t.test('a laggard is cut when its copies outgrow their memory, and the others go on', async t => {
  const { clock, open, cuts, scrapes } = setUp({ chunks: 8, chunkBytes: 10 }, { maxCopied: 35 })
  const fast = open()
  const slow = open()
  await slow.reader.next()
  clock.now = 600
  const reading = read(fast)
  await reading
  t.equal(fast.got.length, 80)
  t.ok(slow.cut)
  t.same(cuts, ['memory'])
  t.equal(scrapes.copied, 0)
})

t.test('deadlines', async t => {
  const { clock, open, cuts, scrapes } = setUp({ chunks: 8 }, { maxConcurrentScrapes: 3 })
  const late = open('a', 300)
  const stalled = open('b')
  await late.reader.next()
  await stalled.reader.next()
  clock.now = 300
  scrapes.tick()
  t.same(cuts, ['deadline'])
  t.ok(late.cut)
  clock.now = 10_000
  scrapes.tick()
  t.same(cuts, ['deadline', 'stalled'])
  t.ok(stalled.cut)
  t.equal(scrapes.running, 0)
})

t.test('a scrape that fails, fails for all of its readers', async t => {
  const { open, ledger } = setUp({ chunks: 8, failAt: 2 })
  const both = [open(), open()]
  for (const outcome of await Promise.allSettled(both.map(read))) {
    t.match(outcome, { status: 'rejected', reason: { message: 'failed as planned' } })
  }
  for (const { reader } of both) reader.abort()
  t.equal(ledger.aborted, 1)
  t.equal(ledger.released, ledger.given)
})

t.test('when the last reader has gone the scrape stops', async t => {
  const { open, ledger, scrapes } = setUp({ chunks: 8, hangAt: 3 })
  const [one, two] = [open(), open()]
  const both = [read(one), read(two)]
  while (one.got.length < 3 || two.got.length < 3) await turn()
  one.reader.abort()
  await both[0]
  t.equal(ledger.aborted, 0)
  two.reader.abort()
  await both[1]
  t.equal(ledger.aborted, 1)
  t.equal(ledger.released, ledger.given)
  t.equal(scrapes.running, 0)
})

t.test('whatever readers do and whenever, none gets a wrong byte and everything is given back', async t => {
  const command = fc.record({
    do: fc.constantFrom('open', 'take', 'release', 'leave', 'tick', 'turn', 'wait'),
    who: fc.nat({ max: 7 }),
    key: fc.constantFrom('a', 'b', 'c'),
    time: fc.constantFrom(0, 1, 20, 100, 500, 3000),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { maxLength: 120 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(0, 15, 1000),
      async (commands, chunks, maxConcurrentScrapes, maxCopied) => {
        const world = setUp({ chunks, chunkBytes: 10 }, { maxConcurrentScrapes, maxCopied })
        const { clock, scrapes, ledger } = world
        const followers: (Follower & {
          held: { bytes: Uint8Array; release(): void }[]
          busy: boolean
          at: number
        })[] = []
        let wrong = 0
        for (const { do: what, who, key, time } of commands) {
          const one = followers[who]
          if (what === 'open' && followers.length < 8) {
            followers.push(Object.assign(world.open(key), { held: [], busy: false, at: 0 }))
          } else if (what === 'take' && one && !one.busy) {
            one.busy = true
            one.reader.next().then(
              chunk => {
                one.busy = false
                if (chunk !== undefined) one.held.push(chunk)
              },
              () => {
                one.busy = false
              },
            )
          } else if (what === 'release' && one && one.held.length > 0) {
            const chunk = one.held.shift()!
            if (one.cut === undefined && chunk.bytes.some(byte => byte !== letter(one.at))) wrong++
            one.at++
            chunk.release()
          } else if (what === 'leave' && one) {
            for (const chunk of one.held.splice(0)) chunk.release()
            one.reader.abort()
          } else if (what === 'tick') {
            clock.now += time
            scrapes.tick()
          } else if (what === 'wait') {
            clock.now += time
          }
          await turn()
          if (scrapes.running > maxConcurrentScrapes || scrapes.copied > maxCopied) wrong++
        }
        for (const one of followers) {
          for (const chunk of one.held.splice(0)) {
            if (one.cut === undefined && chunk.bytes.some(byte => byte !== letter(one.at))) wrong++
            one.at++
            chunk.release()
          }
          one.reader.abort()
          await turn()
          for (const chunk of one.held.splice(0)) chunk.release()
        }
        for (let n = 0; n < 5; n++) await turn()
        return (
          wrong === 0 &&
          ledger.given === ledger.released &&
          ledger.releasedTwice === 0 &&
          scrapes.copied === 0 &&
          scrapes.running === 0 &&
          scrapes.waiting === 0
        )
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
  t.pass()
})
