/** What OTLP has of its own: ids of exemplars as bytes, units as UCUM spells them. */
import t from 'tap'
import { metricsOf } from '../../support/push-schemas.js'
import { fresh } from '../../support/registry.js'
import { attributesOf } from '../readers/check-otlp.js'
import { allSpans, sourceOf } from '../readers/source.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'B7AD6B7169203331'

t.test('ids of exemplars that are such are bytes; all others are attributes', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['n'] })
  counter.inc({ n: '1' }, 1, { trace_id: TRACE, span_id: SPAN, to: 'a "b"' })
  counter.inc({ n: '2' }, 1, { trace_id: `${TRACE.slice(1)}g`, span_id: SPAN.slice(1) })
  counter.inc({ n: '3' }, 1, { trace: TRACE, span_idx: SPAN })
  const { source } = sourceOf(registry.handle, 'otlp')
  const points = allSpans(source.spans(Date.now())).flatMap(metricsOf)[0]?.sum?.dataPoints ?? []
  const found = points.map(({ exemplars: [one] }) => [
    one?.traceId && Buffer.from(one.traceId).toString('hex'),
    one?.spanId && Buffer.from(one.spanId).toString('hex'),
    Object.fromEntries(attributesOf(one?.filteredAttributes ?? [])),
  ])
  t.same(found, [
    [TRACE, SPAN.toLowerCase(), { to: 'a "b"' }],
    [undefined, undefined, { trace_id: `${TRACE.slice(1)}g`, span_id: SPAN.slice(1) }],
    [undefined, undefined, { trace: TRACE, span_idx: SPAN }],
  ])
})

t.test('units', async t => {
  const { registry } = fresh(t)
  for (const unit of ['seconds', 'bytes', 'ratio', 'messages']) {
    registry.gauge({ name: `g_${unit}`, help: 'h', unit }).set(1)
  }
  registry.gauge({ name: 'none', help: 'h' }).set(1)
  const { source } = sourceOf(registry.handle, 'otlp')
  const metrics = allSpans(source.spans(Date.now())).flatMap(metricsOf)
  t.same(Object.fromEntries(metrics.map(({ name, unit = '' }) => [name, unit])), {
    g_bytes: 'By',
    g_messages: 'messages',
    g_ratio: '1',
    g_seconds: 's',
    none: '',
  })
})
