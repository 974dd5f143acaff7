/**
 * What logs and error texts show of the library's objects, and of whatever a program hands it by mistake: a short text,
 * never the shared memory, and no code of the program's is called for it.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { format, inspect } from 'node:util'
import t from 'tap'
import { show, thrown } from '../../src/common/errors.js'
import { metricsHandler, serve } from '../../src/index.js'
import { fresh } from '../support/registry.js'

const help = 'h'
const labelNames = ['a', 'b'] as const

function everything(registry: ReturnType<typeof fresh>['registry']) {
  const counter = registry.counter({ name: 'c_total', help, labelNames })
  const gauge = registry.gauge({ name: 'g', help, labelNames, aggregate: 'max', expire: 'untouched' })
  const histogram = registry.histogram({ name: 'h', help, labelNames, buckets: [1] })
  const native = registry.histogram({ name: 'n', help, labelNames, native: {} })
  const summary = registry.summary({ name: 's', help, labelNames })
  const info = registry.info({ name: 'x_info', help, labelNames })
  const stateset = registry.stateset({ name: 'up', help, labelNames, states: ['yes', 'no'] })
  const labels = { a: 'x', b: 'y' }
  const only = registry.counter({ name: 'only_total', help })
  return {
    CounterChild: [counter.labels(labels), { name: 'c_total', type: 'counter', labels }],
    GaugeChild: [gauge.labels(labels), { name: 'g', type: 'gauge', labels }],
    HistogramChild: [histogram.labels(labels), { name: 'h', type: 'histogram', labels }],
    'HistogramChild of a native one': [native.labels(labels), { name: 'n', type: 'histogram', labels }],
    SummaryChild: [summary.labels(labels), { name: 's', type: 'summary', labels }],
    StatesetChild: [stateset.labels(labels), { name: 'up', type: 'stateset', states: ['yes', 'no'], labels }],
    'CounterChild of none': [only.labels(), { name: 'only_total', type: 'counter', labels: {} }],
    Counter: [counter, { name: 'c_total', type: 'counter', labelNames }],
    Gauge: [gauge, { name: 'g', type: 'gauge', labelNames }],
    Histogram: [histogram, { name: 'h', type: 'histogram', labelNames }],
    Summary: [summary, { name: 's', type: 'summary', labelNames }],
    Info: [info, { name: 'x_info', type: 'info', labelNames }],
    Stateset: [stateset, { name: 'up', type: 'stateset', states: ['yes', 'no'], labelNames }],
    Registry: [registry, { name: registry.name, memory: 16 * 2 ** 20, labels: {} }],
  } as const
}

t.test('an object is shown by its name and labels, in JSON and by inspect', async t => {
  const { registry } = fresh(t)
  for (const [what, [object, facts]] of Object.entries(everything(registry))) {
    t.same(JSON.parse(JSON.stringify({ object })), { object: facts }, what)
    const [name] = what.split(' ')
    t.equal(inspect(object), `${name} ${inspect(facts)}`, what)
    t.equal(inspect([[[[object]]]]), '[ [ [ [Array] ] ] ]', `${what}: as deep as others`)
    t.ok(format('%o %O %j', object, object, object).length < 2_000, `${what}: in all formats`)
  }
})

t.test('nor is the memory written out of what a logger copies', async t => {
  const { registry } = fresh(t)
  for (const [what, [object]] of Object.entries(everything(registry))) {
    const copy = { ...object }
    t.ok(JSON.stringify(copy).length < 4_000, `${what} in JSON`)
    t.ok(inspect(copy, { depth: 5, showHidden: true }).length < 20_000, `${what} by inspect`)
  }
})

t.test('a handle, a front and a handler for requests are short', async t => {
  const { registry } = fresh(t)
  t.ok(JSON.stringify(registry.handle).length < 1_000)
  t.ok(inspect(registry.handle, { depth: 9, showHidden: true }).length < 4_000)
  t.ok(show(registry.handle).length <= 120)
  t.same(structuredClone({ ...registry.handle, memory: 0 }), { ...registry.handle, memory: 0 })
  const front = await serve(registry, { listen: '127.0.0.1:0', ref: false })
  t.match(JSON.parse(JSON.stringify(front)), { url: front.url, transport: front.transport })
  t.ok(inspect(front, { depth: 9, showHidden: true }).length < 2_000)
  const handler = metricsHandler(registry)
  t.ok(inspect(handler, { depth: 9 }).length < 1_000)
  t.equal(JSON.stringify({ handler }), '{}')
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.ok((server.address() as AddressInfo).port > 0)
  server.close()
})

t.test('an error text shows what a value is, and looks into none', async t => {
  let called = 0
  const call = () => {
    called++
    throw new Error('called')
  }
  const trap = new Proxy({}, { get: () => call })
  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  const getters = Object.defineProperties([] as unknown[], {
    0: { get: call, enumerable: true },
    1: { value: 'one', enumerable: true },
  })
  const cyclic: unknown[] = [1]
  cyclic.push(cyclic, { cyclic })
  class Cache {
    readonly all = new Float64Array(1)
    get size() {
      return call()
    }
    toJSON = call
    toString = call;
    [Symbol.toPrimitive] = call
  }
  class Odd {}
  Object.defineProperty(Odd, 'name', { get: call })
  class Odder {}
  Object.defineProperty(Odder.prototype, 'constructor', { get: call })
  const shared = new Float64Array(new SharedArrayBuffer(64 * 2 ** 20))
  const rows: [value: unknown, shown: string][] = [
    ['text', '"text"'],
    ['a "quote"\n\0', '"a \\"quote\\"\\n\\u0000"'],
    ['\u007f\u0085\u200f\u2028\u202e\u2066\ufeff', '"\\u007f\\u0085\\u200f\\u2028\\u202e\\u2066\\ufeff"'],
    ['a\u200bb\u00adc', '"a\\u200bb\\u00adc"'],
    ['é 😀', '"é 😀"'],
    [5, '5'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [12n, '12n'],
    [-12n, '-12n'],
    [1n << 100_000n, 'a bigint'],
    [Symbol('s'), 'Symbol(s)'],
    [Symbol(), 'Symbol()'],
    [call, 'a function'],
    [{}, '[object Object]'],
    [{ a: 1 }, '[object Object]'],
    [Object.create(null), '[object Object]'],
    [{ constructor: 5 }, '[object Object]'],
    [{ constructor: { name: 5 } }, '[object Object]'],
    [new Map([['a', 'x']]), '[object Map]'],
    [new Date(0), '[object Date]'],
    [Object(5), '[object Number]'],
    [new Error('e'), '[object Error]'],
    [new Cache(), '[object Cache]'],
    [new Odd(), '[object Object]'],
    [new Odder(), '[object Object]'],
    [shared, '[object Float64Array]'],
    [Buffer.from(shared.buffer), '[object Buffer]'],
    [shared.buffer, '[object SharedArrayBuffer]'],
    [[], '[]'],
    [['a', 1, null, undefined, 2n], '["a",1,null,undefined,2n]'],
    [new Array(3), '[undefined,undefined,undefined]'],
    [cyclic, '[1,[...],[object Object]]'],
    [getters, '[undefined,"one"]'],
    [new Proxy({}, trap), '[object Proxy]'],
    [new Proxy([], trap), '[object Proxy]'],
    [revoked.proxy, '[object Proxy]'],
    [new Proxy(() => {}, trap), 'a function'],
    [Object.create(new Proxy({}, trap)), '[object Object]'],
    [[new Proxy({}, trap)], '[[object Proxy]]'],
  ]
  for (const [value, shown] of rows) t.equal(show(value), shown)
  t.equal(called, 0, 'no trap, getter, toJSON or toString was called')
})

t.test('however much there is, it is cut, and most of it never looked at', async t => {
  let read = 0
  const many = new Array(2 ** 32 - 1)
  for (let n = 0; n < 200; n++) {
    Object.defineProperty(many, n, {
      get: () => {
        read++
      },
    })
  }
  const long = class {}
  Object.defineProperty(long, 'name', { value: 'x'.repeat(1_000_000) })
  for (const value of [
    'x'.repeat(2 ** 24),
    '\0'.repeat(2 ** 24),
    Symbol('x'.repeat(2 ** 24)),
    many,
    new Array(1_000).fill('x'.repeat(1_000_000)),
    new Array(1_000).fill(Symbol('x'.repeat(1_000_000))),
    Object.create(long.prototype),
  ]) {
    const shown = show(value)
    t.ok(shown.length <= 120 && shown.endsWith('...'), shown)
  }
  t.equal(read, 0)
  t.equal(show('😀'.repeat(200)).isWellFormed(), true, 'no half of a character is left')
  t.equal(show(`x${'😀'.repeat(200)}`).isWellFormed(), true)
})

t.test('what was thrown is shown, whatever it is', async t => {
  const odd = {
    get message() {
      throw new Error('no message')
    },
  }
  for (const [error, shown] of [
    [new RangeError('too far'), 'RangeError: too far'],
    [new Error(''), 'Error'],
    [new DOMException('given up', 'AbortError'), 'AbortError: given up'],
    [{ message: 'no Error' }, 'Object: no Error'],
    [{ message: { deep: 1 } }, '[object Object]'],
    ['text', 'text'],
    [Symbol('s'), 'Symbol(s)'],
    [undefined, 'undefined'],
    [odd, '[object Object]'],
    [new Float64Array(2), '[object Float64Array]'],
    [Object.assign([1], { message: 'x' }), '[1]'],
  ] as const) {
    t.equal(thrown(error), shown)
  }
  t.equal(thrown(new Error('x'.repeat(10_000_000))).length, 1_000)
  t.equal(thrown('x'.repeat(10_000_000)).length, 1_000)
})

t.test("the library's errors name a child, a view or a cache, and do not write it out", async t => {
  const { registry, events } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help, labelNames: ['a'] })
  const gauge = registry.gauge({ name: 'g', help })
  const child = counter.labels('x')
  const view = child.cells
  const wrong: [call: () => unknown, message: string][] = [
    [() => gauge.set(child as never), 'metric "g": label "at" is not known; there are none'],
    [
      () => gauge.labels().set(child as never),
      'metric "g": set([object CounterChild]): a gauge takes numbers',
    ],
    [
      () => counter.labels({ a: view as never }),
      'metric "c_total": label "a": [object Float64Array] is not a string, a number or a boolean',
    ],
    [() => counter.labels(view as never), 'metric "c_total": [object Float64Array] is no object of labels'],
    [() => counter.labels(['x'] as never), 'metric "c_total": ["x"] is no object of labels'],
    [() => counter.inc(view as never), 'metric "c_total": [object Float64Array] is no object of labels'],
    [
      () => registry.histogram({ name: 'h', help, labelNames: ['a'] }).startTimer(view as never),
      'metric "h": [object Float64Array] is no object of labels',
    ],
    [() => counter.remove(view as never), 'metric "c_total": [object Float64Array] is no object of labels'],
    [
      () => counter.labels({ a: 'x', [`b\u202e${'b'.repeat(1_000)}`]: 'y' } as never),
      `metric "c_total": label "b\\u202e${'b'.repeat(109)}... is not known; there are "a"`,
    ],
    [() => registry.counter(view as never), 'counter: options [object Float64Array] are no object'],
    [() => registry.counter([] as never), 'counter: options [] are no object'],
    [
      () => registry.counter({ name: 'x', help, ['\n'.repeat(1_000)]: 1 } as never),
      `counter: option "${'\\n'.repeat(58)}... is not known; there are name, help, labelNames, unit, maxSeries, expireAfter`,
    ],
    [
      () => registry.gauge({ name: 'x', help, collect: child as never }),
      'option "collect": [object CounterChild] is not a function',
    ],
    [
      () => registry.value('c_total', view as never),
      'metric "c_total": labels [object Float64Array] are no object',
    ],
  ]
  for (const [call, message] of wrong) t.throws(call, { message })
  registry.gauge({
    name: 'throws',
    help,
    collect: () => {
      throw view
    },
  })
  await registry.metrics()
  t.match(events, [{ message: 'metric "throws": its collect callback failed: [object Float64Array]' }])
})
