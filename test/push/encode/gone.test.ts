/**
 * Series that are gone: each is told of once, as what its receiver takes for the end of it; until then by the labels that
 * it was pushed with. Clock and sweeps are the test's.
 */
import t from 'tap'
import type { PushFormat } from '../../../src/exposition/types.js'
import { EXPIRE, interruptEach, Sim } from '../../lifecycle/sim.js'
import { metricsOf } from '../../support/push-schemas.js'
import { fresh } from '../../support/registry.js'
import { attributesOf, nanoseconds } from '../readers/check-otlp.js'
import { readFirst, readSecond, STALE } from '../readers/remote-write.js'
import { addedText, allGone, allSpans, type GoneSpan, PUSH_FORMATS, sourceOf } from '../readers/source.js'

const NOW = 1_700_000_000_000
/** Points of OTLP that have no value any more. */
const NO_VALUE = 1

/** What is told to be gone, line by line; throws where a line is anything else. */
function goneLines(format: PushFormat, spans: readonly Uint8Array[], now: number): string[] {
  return spans.flatMap(span => {
    if (format === 'otlp') {
      return metricsOf(span).flatMap(({ name, gauge, sum, histogram, exponentialHistogram, summary }) =>
        (gauge ?? sum ?? histogram ?? exponentialHistogram ?? summary)!.dataPoints.map(point => {
          const { attributes, flags, timeUnixNano, startTimeUnixNano: _, ...more } = point
          if (flags !== NO_VALUE || timeUnixNano !== nanoseconds(now)) throw new Error(`${name} is not gone`)
          const rest = Object.values(more).filter(value => !(Array.isArray(value) && value.length === 0))
          if (rest.length > 0) throw new Error(`${name} has a value: ${JSON.stringify(more)}`)
          return spelled(name, attributesOf(attributes))
        }),
      )
    }
    const { series, metadata } = format === 'remote-write' ? readFirst(span) : readSecond(span)
    if (metadata.length > 0) throw new Error('who is gone has no metadata')
    return series.map(({ labels, bits, time, native, exemplars, meta, created }) => {
      const [[, name] = ['', ''], ...others] = [...labels].sort(([a]) => (a === '__name__' ? -1 : 0))
      const line = spelled(name, others)
      if (bits !== STALE || time !== now || exemplars.length > 0) throw new Error(`${line} is not gone`)
      if (meta !== undefined || created !== undefined) throw new Error(`${line} is as if it were there`)
      if (native !== undefined && native.positiveSpans.length + native.negativeSpans.length > 0) {
        throw new Error(`${line} has buckets`)
      }
      return `${line}${native === undefined ? '' : ' native'}`
    })
  })
}

function spelled(name: string, labels: readonly (readonly [string, string])[]): string {
  return `${name}{${labels.map(([label, value]) => `${label}=${value}`).join(',')}}`
}

/** A simulated registry, and a source of it in this thread. */
function world(format: PushFormat) {
  const sim = new Sim()
  const thread = sim.thread(1)
  const { source } = sourceOf(sim.handle, format, { added: addedText({ job: 'j' }) })
  const gone = () => {
    const spans = allGone(source.gone(NOW))
    return {
      spans,
      lines: goneLines(
        format,
        spans.map(({ bytes }) => bytes),
        NOW,
      ).sort(),
    }
  }
  const push = () => allSpans(source.spans(NOW))
  return { sim, thread, source, gone, push }
}

/** As remote write has it, with the label that is added; OTLP has that elsewhere. */
const as = (format: PushFormat, name: string, x: string, more = '') =>
  format === 'otlp' ? `${name}{x=${x}}` : `${name}{job=j,${more}x=${x}}`

for (const format of PUSH_FORMATS) {
  t.test(`${format}: a series that is removed`, async t => {
    const { thread, gone, push, sim } = world(format)
    const counter = thread.counter('c')
    for (const x of ['a', 'b', 'c']) counter.inc({ x })
    t.same(gone().lines, [], 'nothing was pushed yet')
    counter.remove({ x: 'a' })
    t.same(gone().lines, [], 'who was never told of is not gone')
    push()
    t.same(gone().lines, [], 'all is there')
    counter.remove({ x: 'b' })
    t.same(gone().lines, [as(format, 'c', 'b')])
    t.same(gone().lines, [], 'it is told once')
    push()
    t.same(gone().lines, [], 'and not again after the next push')
    for (let n = 0; n < 3; n++) sim.sweep()
    t.same(gone().lines, [], 'nor when its place is free')
  })

  t.test(`${format}: a series that expires, sweep by sweep`, async t => {
    for (let sweeps = 0; sweeps < 6; sweeps++) {
      const { thread, gone, push, sim } = world(format)
      const counter = thread.counter('c')
      counter.inc({ x: 'old' })
      push()
      const told: string[] = []
      for (let n = 0; n < 6; n++) {
        sim.sweep(EXPIRE)
        thread.letGo()
        counter.inc({ x: 'new' })
        if (n === sweeps) push()
        told.push(...gone().lines)
      }
      t.same(told, [as(format, 'c', 'old')], `with another push after ${sweeps} sweeps`)
    }
  })

  t.test(`${format}: one that came back to life is not gone`, async t => {
    const { thread, gone, push, source } = world(format)
    const counter = thread.counter('c')
    counter.inc({ x: 'a' })
    push()
    counter.remove({ x: 'a' })
    counter.inc({ x: 'a' })
    t.same(gone().lines, [], 'between two looks')
    counter.remove({ x: 'a' })
    const walk = source.gone(NOW)
    counter.inc({ x: 'a' })
    t.same(
      goneLines(
        format,
        allGone(walk).map(({ bytes }) => bytes),
        NOW,
      ),
      [],
      'before the look',
    )
    counter.remove({ x: 'a' })
    t.same(gone().lines, [as(format, 'c', 'a')], 'and is gone when it goes')
    counter.inc({ x: 'a' })
    push()
    counter.remove({ x: 'a' })
    t.same(gone().lines, [as(format, 'c', 'a')], 'each time that it was told of')
  })

  t.test(`${format}: whatever is removed, or made, while a push is made`, async t => {
    let pushed = 0
    for (const what of ['removed', 'made', 'removed and made again'] as const) {
      interruptEach(() => {
        const { thread, gone, push, sim } = world(format)
        const counter = thread.counter('c')
        for (const x of ['a', 'b', 'c']) counter.inc({ x })
        let spans: Uint8Array[] = []
        return {
          call: () => {
            spans = push()
          },
          other: () => {
            if (what === 'made') counter.inc({ x: 'n' })
            else counter.remove({ x: 'b' })
            if (what === 'removed and made again') counter.inc({ x: 'b' })
          },
          check: step => {
            const which = what === 'made' ? 'n' : 'b'
            const had = spans.some(span => Buffer.from(span).includes(`\x01${which}`))
            if (had) pushed++
            if (what !== 'removed') {
              t.same(gone().lines, [], `step ${step}: it is there`)
              counter.remove({ x: which })
            }
            const lines = gone().lines
            // One that went just before it would have been told of may be told to be gone.
            if (had || lines.length > 0) t.same(lines, [as(format, 'c', which)], `step ${step}, ${what}`)
            if (what === 'made')
              t.equal(lines.length > 0, had, `step ${step}: who was not told of is not gone`)
            t.same(gone().lines, [], `step ${step}: once`)
            for (let n = 0; n < 3; n++) sim.sweep()
          },
        }
      })
    }
    t.ok(pushed > 3, `${pushed} times it was told of before`)
  })

  t.test(`${format}: a place that another series has taken`, async t => {
    const { thread, gone, push, sim } = world(format)
    const counter = thread.counter('c')
    counter.inc({ x: 'a' })
    push()
    counter.remove({ x: 'a' })
    t.same(gone().lines, [as(format, 'c', 'a')])
    for (let n = 0; n < 3; n++) sim.sweep()
    counter.inc({ x: 'b' })
    t.same(gone().lines, [], 'who came was not told of')
    push()
    t.same(gone().lines, [], 'and is there')
    counter.remove({ x: 'b' })
    t.same(gone().lines, [as(format, 'c', 'b')])
  })

  t.test(`${format}: what was not delivered is told again`, async t => {
    const { thread, gone, push, source } = world(format)
    const counter = thread.counter('c')
    for (const x of ['a', 'b', 'c']) counter.inc({ x })
    push()
    for (const x of ['a', 'c']) counter.remove({ x })
    const both = [as(format, 'c', 'a'), as(format, 'c', 'c')]
    const { spans, lines } = gone()
    t.same(lines, both)
    for (const { runs } of spans) source.goneAgain(runs)
    t.same(gone().lines, both)
    t.same(gone().lines, [])
    for (const { runs } of spans) source.goneAgain(runs)
    counter.inc({ x: 'a' })
    t.same(gone().lines, [as(format, 'c', 'c')], 'but for what came back meanwhile')
  })

  t.test(`${format}: each line of a histogram, a native one, and a summary`, async t => {
    const { thread, gone, push } = world(format)
    const histogram = thread.histogram('h', { buckets: [0.5, 1] })
    const native = thread.histogram('n', { buckets: [], native: { schema: 3, maxBuckets: 100 } })
    const both = thread.histogram('b', { buckets: [1], native: { schema: 3, maxBuckets: 100 } })
    const summary = thread.summary('s', { quantiles: [0.5, 1] })
    const all = [histogram, native, both, summary]
    for (const one of all) one.observe({ x: 'a' }, 1)
    push()
    for (const one of all) one.remove({ x: 'a' })
    const lines = [
      ...['0.5', '1.0', '+Inf'].map(le => as(format, 'h_bucket', 'a', `le=${le},`)),
      ...['h_sum', 'h_count'].map(name => as(format, name, 'a')),
      `${as(format, 'n', 'a')} native`,
      `${as(format, 'b', 'a')} native`,
      ...['1.0', '+Inf'].map(le => as(format, 'b_bucket', 'a', `le=${le},`)),
      ...['b_sum', 'b_count'].map(name => as(format, name, 'a')),
      ...['0.5', '1.0'].map(quantile => as(format, 's', 'a', `quantile=${quantile},`)),
      ...['s_sum', 's_count'].map(name => as(format, name, 'a')),
    ]
    const whole = ['h', 'n', 'b', 's'].map(name => as(format, name, 'a'))
    t.same(gone().lines, (format === 'otlp' ? whole : lines).sort())
  })

  t.test(`${format}: labels of an info that hold no more`, async t => {
    const { registry } = fresh(t)
    const { source } = sourceOf(registry.handle, format)
    const gone = () =>
      goneLines(
        format,
        allGone(source.gone(NOW)).map(({ bytes }) => bytes),
        NOW,
      )
    const info = registry.info({ name: 'i_info', help: 'h', labelNames: ['v'] })
    info.set({ v: '1' })
    allSpans(source.spans(NOW))
    t.same(gone(), [])
    info.set({ v: '2' })
    t.same(gone(), ['i_info{v=1}'])
    allSpans(source.spans(NOW))
    t.same(gone(), [])
    info.set({ v: '1' })
    t.same(gone(), ['i_info{v=2}'])
  })

  t.test(`${format}: a stateset whose series are removed: all its states`, async t => {
    const { registry } = fresh(t)
    const { source } = sourceOf(registry.handle, format, { prefix: 'p_' })
    const gone = () =>
      goneLines(
        format,
        allGone(source.gone(NOW)).map(({ bytes }) => bytes),
        NOW,
      ).sort()
    const stateset = registry.stateset({ name: 's', help: 'h', labelNames: ['b'], states: ['up', 'down'] })
    stateset.labels({ b: '1' }).become('up')
    stateset.labels({ b: '2' }).become('up')
    allSpans(source.spans(NOW))
    stateset.reset()
    t.same(gone(), [], 'what is reset is there')
    stateset.remove({ b: '1' })
    const line = (state: string) => (format === 'otlp' ? `p_s{p_s=${state},b=1}` : `p_s{b=1,p_s=${state}}`)
    t.same(gone(), ['down', 'up'].map(line))
  })

  t.test(`${format}: families that are hidden, and one that is shown again`, async t => {
    const { registry } = fresh(t)
    const { source } = sourceOf(registry.handle, format)
    const gone = () =>
      goneLines(
        format,
        allGone(source.gone(NOW)).map(({ bytes }) => bytes),
        NOW,
      ).sort()
    const options = { name: 'c_total', help: 'h', labelNames: ['x'] } as const
    for (const x of ['a', 'b']) registry.counter(options).inc({ x })
    registry.gauge({ name: 'g', help: 'without labels' }).set(1)
    const there = registry.gauge({ name: 'there', help: 'h', labelNames: ['x'] })
    there.set({ x: 'a' }, 1)
    allSpans(source.spans(NOW))
    registry.unregister('c_total')
    registry.unregister('g')
    t.same(gone(), ['c_total{x=a}', 'c_total{x=b}', 'g{}'])
    t.same(gone(), [], 'once')
    allSpans(source.spans(NOW))
    t.same(gone(), [])
    registry.counter(options).inc({ x: 'b' })
    registry.gauge({ name: 'g', help: 'without labels' }).set(1)
    allSpans(source.spans(NOW))
    t.same(gone(), [])
    registry.counter(options).clear()
    there.clear()
    t.same(gone(), ['c_total{x=b}', 'there{x=a}'])
  })

  t.test(`${format}: at the end, all that there is`, async t => {
    const { registry } = fresh(t, { labels: { region: 'eu' } })
    const { source } = sourceOf(registry.handle, format)
    registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] }).inc({ x: 'a' }, 1, { trace_id: 'x' })
    registry.gauge({ name: 'g', help: 'h' }).set(1)
    registry.histogram({ name: 'h', help: 'h', buckets: [1] }).observe(1)
    registry.info({ name: 'i_info', help: 'h', labelNames: ['v'] }).set({ v: '1' })
    allSpans(source.spans(NOW))
    const lines = goneLines(format, allSpans(source.spans(NOW, 'all-gone')), NOW).sort()
    const own = ['c_total{region=eu,x=a}', 'g{region=eu}', 'i_info{region=eu,v=1}']
    const buckets = ['+Inf', '1.0'].map(le => `h_bucket{le=${le},region=eu}`)
    const histogram = ['h_count{region=eu}', 'h_sum{region=eu}', ...buckets]
    t.same(lines, [...own, ...(format === 'otlp' ? ['h{region=eu}'] : histogram)].sort())
  })

  t.test(`${format}: thousands at once, over several spans`, async t => {
    const { registry } = fresh(t, { memory: '8MiB' })
    const { source } = sourceOf(registry.handle, format)
    const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
    const other = registry.gauge({ name: 'g', help: 'h', labelNames: ['x', 'y'] })
    for (let n = 0; n < 2_000; n++) {
      counter.inc({ x: `series ${n}` })
      other.set({ x: `${n}`, y: 'a longer value '.repeat(6) }, n)
    }
    allSpans(source.spans(NOW))
    const gone: string[] = []
    for (let n = 0; n < 2_000; n++) {
      if (n % 3 === 0) continue
      counter.remove({ x: `series ${n}` })
      gone.push(`c_total{x=series ${n}}`)
    }
    registry.unregister('g')
    for (let n = 0; n < 2_000; n++) gone.push(`g{x=${n},y=${'a longer value '.repeat(6)}}`)
    const spans: GoneSpan[] = allGone(source.gone(NOW))
    t.ok(spans.length > 2, `${spans.length} spans`)
    const lines = goneLines(
      format,
      spans.map(({ bytes }) => bytes),
      NOW,
    )
    t.same(lines.sort(), gone.sort())
    t.same(
      spans.map(({ runs }) => runs.reduce((all, { count }) => all + count, 0)).reduce((a, b) => a + b),
      gone.length,
      'the runs of a span are of what it tells',
    )
  })
}
