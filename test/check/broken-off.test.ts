/** Looks of `--watch` that break off: what is known of series stays, and the next look is held against that. */
import t from 'tap'
import { type Before, look } from '../../src/cli/check/look.js'
import { Series } from '../../src/cli/check/series.js'
import { SourceFailure } from '../../src/cli/source/exits.js'

const SERIES = 1000
const line = (n: number, value: number) => `a_total{n="${n}"} ${value}\n`
const text = (value: number, count = SERIES) =>
  `# HELP a_total A.\n# TYPE a_total counter\n${Array.from({ length: count }, (_, n) => line(n, value)).join('')}`

function watching() {
  const before: Before = { series: new Series(true), startTime: 0, looks: 0 }
  return async (body: string, breaksOff = false) => {
    const chunks = (async function* () {
      yield Buffer.from(body)
      if (breaksOff) throw new SourceFailure('unreachable', 'broke off')
    })()
    const contentType = 'text/plain; version=0.0.4'
    const source = { shown: 'x', again: true, open: async () => ({ chunks, endpoint: { contentType } }) }
    const { findings, changes } = await look(source, { format: undefined, most: 10, top: 10 }, before)
    return { counts: Object.fromEntries(findings.counts), changes }
  }
}

t.test('no series is taken for one that stands twice, appeared or vanished', async t => {
  for (let breaks = 1; breaks <= 3; breaks++) {
    const watched = watching()
    await watched(text(5))
    for (let n = 0; n < breaks; n++) await t.rejects(watched(text(6, SERIES / 2), true), /broke off/)
    const next = await watched(text(7))
    t.same(next.counts, {})
    t.match(next.changes, { appeared: 0, vanished: 0, fell: 0 })
  }
})

t.test('what it did not come to is compared with what it was before', async t => {
  const watched = watching()
  await watched(text(5))
  await t.rejects(watched(text(5, SERIES / 2), true))
  const next = await watched(text(4))
  t.match(next.changes, { fell: SERIES })
})

t.test('what was new in it appeared, and what is gone behind it vanished', async t => {
  const watched = watching()
  await watched(text(5))
  await t.rejects(watched(text(5, SERIES + 10), true))
  t.match((await watched(text(5, SERIES + 10))).changes, { appeared: 10, vanished: 0 })
  await t.rejects(watched(text(5, SERIES / 2), true))
  t.match((await watched(text(5, SERIES))).changes, { appeared: 0, vanished: 10 })
})

t.test('the first look may break off, too', async t => {
  const watched = watching()
  await t.rejects(watched(text(5, SERIES / 2), true))
  t.same(await watched(text(5)), { counts: {}, changes: undefined })
})
