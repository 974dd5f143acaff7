/** Every error that a mistake in the program throws, or rejects with, has a code to branch on. */
import t from 'tap'
import { createRegistry, type ErrorCode, getRegistry, metricsHandler, serve } from '../../src/index.js'
import { fresh } from '../support/registry.js'

const wrong = <T>(value: unknown) => value as T

t.test('a code for each kind of mistake', async t => {
  const { registry } = fresh(t)
  const c = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  const plain = registry.gauge({ name: 'g', help: 'h', aggregate: 'last' })
  const door = registry.stateset({ name: 'door', help: 'h', states: ['open'] })
  const closed = createRegistry({ name: 'closed', memory: '4MiB' })
  await closed.close()
  const mistakes: Record<ErrorCode, (() => unknown)[]> = {
    ERR_POSTMETER_OPTION: [
      () => createRegistry({ name: 'x', memory: '1' }),
      () => createRegistry(wrong({ nmae: 'x' })),
      () => createRegistry(wrong(5)),
      () => registry.counter({ name: 'no name', help: 'h' }),
      () => registry.histogram({ name: 'h', help: 'h', buckets: [2, 1] }),
      () => registry.gauge({ name: 'a', help: 'h', aggregate: wrong('most') }),
      () => getRegistry(wrong(5)),
      () => getRegistry(wrong({ memory: {} })),
      () => serve(registry, wrong(5)),
      () => serve(registry, { listen: 'nowhere' }),
      () => serve(registry, { trustedHosts: ['10/8'] }),
      () => metricsHandler(registry, { path: '' }),
      () => registry.metrics({ format: wrong('xml') }),
    ],
    ERR_POSTMETER_LABEL: [
      () => c.inc(wrong({ y: 'a' })),
      () => c.labels(),
      () => c.labels('a', 'b'),
      () => c.inc(wrong({})),
      () => c.inc(5),
      () => c.labels(wrong({ x: {} })),
      () => c.remove(wrong({ y: 1 })),
      () => registry.value('c_total', wrong(null)),
      () => door.labels(wrong({ x: 'a' })),
    ],
    ERR_POSTMETER_VALUE: [
      () => c.labels('a').inc(-1),
      () => c.labels('a').inc(wrong('1')),
      () => plain.set(wrong('1')),
      () => c.labels('a').inc(1, wrong('trace')),
      () => door.set(wrong('ajar')),
      () => door.set('open', wrong(1)),
    ],
    ERR_POSTMETER_CALL: [
      () => plain.inc(),
      () => plain.remove(wrong({})),
      () => door.remove({}),
      () => registry.watch(wrong({})),
      () => registry.onClose(wrong(5)),
      () => serve(wrong({})),
      () => metricsHandler(wrong({})),
    ],
    ERR_POSTMETER_CONFLICT: [
      () => registry.gauge({ name: 'c_total', help: 'h' }),
      () => registry.histogram({ name: 'c', help: 'h' }),
      () => createRegistry({ name: registry.name, memory: '32MiB' }),
    ],
    ERR_POSTMETER_CLOSED: [
      () => closed.counter({ name: 'd', help: 'h' }),
      () => closed.metrics(),
      () => serve(closed),
      () => getRegistry(closed.handle),
    ],
    ERR_POSTMETER_NO_REGISTRY: [() => getRegistry('nobody made it')],
    ERR_POSTMETER_FILES: [],
    ERR_POSTMETER_MEMORY: [],
    ERR_POSTMETER_FRONT: [],
    ERR_POSTMETER_PUSH: [],
    ERR_POSTMETER_PLATFORM: [],
    ERR_POSTMETER_SHARED: [],
    ERR_POSTMETER_FILE: [],
    // So does this one.
    ERR_POSTMETER_DAMAGED: [],
  }
  for (const [code, calls] of Object.entries(mistakes)) {
    for (const call of calls) {
      const error = await (async () => call())().then(
        () => undefined,
        (error: Error & { code?: string }) => error,
      )
      t.equal(error?.code, code, `${call}: ${error?.message}`)
    }
  }
})

t.test('what the system refuses', async t => {
  const { registry } = fresh(t)
  const front = await serve(registry, { listen: '127.0.0.1:0', log: () => {} })
  await t.rejects(serve(registry, { listen: `127.0.0.1:${front.address.port}`, transport: 'http' }), {
    code: 'EADDRINUSE',
  })
  const real = WebAssembly.Memory
  t.teardown(() => {
    WebAssembly.Memory = real
  })
  WebAssembly.Memory = class {
    constructor() {
      throw new RangeError('no memory to be had')
    }
  } as unknown as typeof real
  t.throws(() => createRegistry({ name: 'none to be had' }), { code: 'ERR_POSTMETER_MEMORY' })
})
