/** Info and stateset: types of OpenMetrics, gauges in the other formats. */
import t from 'tap'
import { messages } from '../support/protobuf.js'
import { fresh } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'

t.test('info: labels of a series that is 1, one set at a time', async t => {
  const { registry, arena } = fresh(t, { labels: { node: 'mx1' } })
  const build = registry.info({ name: 'build_info', help: 'What runs', labelNames: ['version', 'commit'] })
  t.equal(await registry.metrics(), '# HELP build_info What runs\n# TYPE build_info gauge\n')
  build.set({ version: '1.0', commit: 'a"b' })
  build.set({ version: '1.1', commit: 'c' })
  build.set({ version: '1.1', commit: 'c' })
  const sample = 'build_info{node="mx1",version="1.1",commit="c"} 1\n'
  t.equal(await registry.metrics(), `# HELP build_info What runs\n# TYPE build_info gauge\n${sample}`)
  t.equal(
    await registry.metrics({ format: 'openmetrics', prefix: 'p_' }),
    `# HELP p_build What runs\n# TYPE p_build info\np_${sample}# EOF\n`,
  )
  t.strictSame((await registry.json()).build_info, {
    help: 'What runs',
    type: 'gauge',
    value: [{ node: 'mx1', version: '1.1', commit: 'c', '@': 1 }],
  })
  t.equal(messages(await registry.metrics({ format: 'protobuf' }))[0].type, 'GAUGE')
  registry.resetMetrics()
  t.match(await registry.metrics(), sample, 'a fact has no zero')
  t.throws(
    () => build.set({ version: '2', comit: 'x' } as never),
    /metric "build_info": label "comit" is not known/,
  )
  t.match(await registry.metrics(), sample, 'bad labels leave what is there')
  build.clear()
  t.notMatch(await registry.metrics(), '1.1')
  t.ok(arena.usedBytes() > 0)
})

t.test(
  'a fact that another thread replaced, and this one sets again before its loop turns, is exposed',
  async t => {
    const { registry } = fresh(t)
    const options = { name: 'build_info', help: '', labelNames: ['version'] as const }
    const build = registry.info(options)
    build.set({ version: '1' })
    const thread = new Thread(t)
    await thread.call('get', registry.name)
    await thread.call('register', 'info', options)
    for (let round = 0; round < 3; round++) {
      const done = shared()
      const called = thread.call('inform', 'build_info', { version: '2' }, done)
      Atomics.wait(done, 0, 0, 30_000)
      build.set({ version: '1' })
      t.equal(registry.value('build_info', { version: '1' }), 1)
      t.equal(registry.value('build_info', { version: '2' }), undefined)
      t.match(await registry.metrics(), 'gauge\nbuild_info{version="1"} 1\n')
      await called
    }
  },
)

t.test('an info is 1 as soon as it can be seen', async t => {
  const { registry } = fresh(t)
  const info = registry.info({ name: 'up_info', help: '' })
  const check = async () => {
    t.match(await registry.metrics(), /^up_info 1$/m)
    t.match(await registry.metrics({ format: 'openmetrics' }), /^# TYPE up info\nup_info 1$/m)
    t.same((await registry.json()).up_info, { type: 'gauge', value: 1 })
    t.equal(messages(await registry.metrics({ format: 'protobuf' }))[0].metric[0].gauge?.value, 1)
    t.equal(registry.value('up_info'), 1)
  }
  await check()
  info.set({})
  info.clear()
  registry.resetMetrics()
  await check()
})

t.test('stateset: a series for each state, with a label of the family’s name', async t => {
  const { registry } = fresh(t)
  const door = registry.stateset({ name: 'door', help: 'h', states: ['open', 'shut', 'stuck'] })
  t.equal(
    await registry.metrics(),
    '# HELP door h\n# TYPE door gauge\ndoor{door="open"} 0\ndoor{door="shut"} 0\ndoor{door="stuck"} 0\n',
    'all exist from registration on',
  )
  door.set('open')
  door.set('stuck', true)
  t.match(await registry.metrics(), 'door{door="open"} 1\ndoor{door="shut"} 0\ndoor{door="stuck"} 1\n')
  door.become('shut')
  t.equal(
    await registry.metrics({ format: 'openmetrics', prefix: 'p_' }),
    '# HELP p_door h\n# TYPE p_door stateset\np_door{p_door="open"} 0\np_door{p_door="shut"} 1\n' +
      'p_door{p_door="stuck"} 0\n# EOF\n',
    'the label is called as the family is, prefix and all',
  )
  t.equal(registry.value('door', { door: 'shut' }), 1)
  registry.resetMetrics()
  t.equal(registry.value('door', { door: 'shut' }), 0)
})

t.test('a state with half a character is exposed and set with the one that stands for it', async t => {
  const { registry } = fresh(t)
  const half = registry.stateset({ name: 'half', help: '', states: ['\ud800', '😀', 'x\udc00'] })
  half.become('\ud800')
  half.set('x\udc00')
  t.match(await registry.metrics(), 'half{half="\ufffd"} 1\nhalf{half="😀"} 0\nhalf{half="x\ufffd"} 1\n')
  half.become('x\ufffd' as never)
  t.match(await registry.metrics(), 'half{half="\ufffd"} 0\nhalf{half="😀"} 0\nhalf{half="x\ufffd"} 1\n')
  const twice = { name: 'twice', help: '', states: ['\ud800', '\udbff'] }
  t.throws(() => registry.stateset(twice), /option "states": "\ufffd" is there twice/)
})

t.test(
  'the states’ label is called the same in each format, as the family is where that is a label name',
  async t => {
    for (const labels of [{}, { node: 'x' }] as { node?: string }[]) {
      const { registry } = fresh(t, { labels: labels as Record<string, string> })
      registry.stateset({ name: 'door', help: '', states: ['open'] })
      registry
        .stateset({ name: '_gate', help: '', states: ['open'], labelNames: ['a', 'b'] })
        .labels({ a: '"', b: '\0' })
      const wanted: [prefix: string, door: string, gate: string, type: string][] = [
        ['', 'door', '_gate', 'stateset'],
        ['kumomta_', 'kumomta_door', 'kumomta__gate', 'stateset'],
        ['p:', 'door', '_gate', 'gauge'],
        ['__', 'door', '_gate', 'gauge'],
      ]
      for (const [prefix, door, gate, type] of wanted) {
        const text = await registry.metrics({ prefix })
        const openMetrics = await registry.metrics({ format: 'openmetrics', prefix })
        for (const lines of [text, openMetrics]) {
          t.match(lines, `${door}="open"} 0\n`)
          t.match(lines, `${gate}="open",a="\\"",b="\0"} 0\n`)
        }
        t.match(openMetrics, `# TYPE ${prefix}door ${type}\n`)
        const names = messages(await registry.metrics({ format: 'protobuf', prefix })).map(({ metric }) =>
          metric[0].label?.map(({ name, value }) => `${name}=${value}`).filter(pair => pair !== 'node=x'),
        )
        t.same(names, [[`${gate}=open`, 'a="', 'b=\0'], [`${door}=open`]])
        const json = (await registry.json({ prefix })) as Record<string, { value: unknown }>
        const { node } = labels
        t.same(
          json[`${prefix}door`].value,
          node === undefined ? { [door]: { open: 0 } } : [{ node, [door]: 'open', '@': 0 }],
        )
        t.same(json[`${prefix}_gate`].value, [{ ...labels, [gate]: 'open', a: '"', b: '\0', '@': 0 }])
      }
      const odd = await registry.metrics({ format: 'openmetrics', prefix: '_' })
      t.match(odd, /^# TYPE _door stateset$/m)
      t.match(odd, /^# TYPE __gate gauge$/m, 'not __, which is reserved')
    }
  },
)

t.test('nor with the prefix where there is a label of that name already', async t => {
  const { registry } = fresh(t, { labels: { p_a: 'x' } })
  registry.stateset({ name: 'a', help: '', states: ['up'] })
  registry.stateset({ name: 'b', help: '', states: ['up'], labelNames: ['p_b'] }).labels({ p_b: 'y' })
  registry
    .stateset({ name: 'c', help: '', states: ['up'], labelNames: ['p_cc', 'c_p'] })
    .labels({ p_cc: '', c_p: '' })
  const text = await registry.metrics({ prefix: 'p_', format: 'openmetrics' })
  t.match(text, '# TYPE p_a gauge\np_a{p_a="x",a="up"} 0\n')
  t.match(text, '# TYPE p_b gauge\np_b{p_a="x",b="up",p_b="y"} 0\n')
  t.match(text, '# TYPE p_c stateset\np_c{p_a="x",p_c="up",p_cc="",c_p=""} 0\n')
  const json = await registry.json({ prefix: 'p_' })
  t.match(json, { p_a: { value: [{ p_a: 'x', a: 'up' }] }, p_b: { value: [{ b: 'up', p_b: 'y' }] } })
  t.match(await registry.metrics({ prefix: 'pp_', format: 'openmetrics' }), '# TYPE pp_a stateset\n')
})

t.test('states of label sets, set by any thread: what was set last holds', async t => {
  const { registry } = fresh(t, { labels: { node: 'x' }, expireAfter: 1, sweepEvery: 1 })
  const link = registry.stateset({
    name: 'link',
    help: '',
    states: ['up', 'down'],
    labelNames: ['peer'],
    maxSeries: 4,
  })
  link.labels({ peer: 'a' }).become('up')
  link.become({ peer: 'b' }, 'down')
  link.set({ peer: 'b' }, 'up', true)
  t.match(
    await registry.metrics(),
    'link{node="x",link="up",peer="b"} 1\nlink{node="x",link="down",peer="b"} 1\n',
  )
  const thread = new Thread(t)
  const link2 = { name: 'link', help: '', states: ['up', 'down'], labelNames: ['peer'] }
  await thread.call('get', registry.name)
  await thread.call('register', 'stateset', link2)
  await thread.call('become', 'link', { peer: 'a' }, 'down')
  t.equal(registry.value('link', { link: 'up', peer: 'a' }), 0)
  t.equal(registry.value('link', { link: 'down', peer: 'a' }), 1)
  t.ok(link.remove({ peer: 'b' }))
  t.notOk(link.remove({ peer: 'b' }))
  link.clear()
  t.notMatch(await registry.metrics(), 'peer')
})

t.test('bad input', async t => {
  const { registry } = fresh(t, { labels: { node: 'x' } })
  const stateset = (options: object) => registry.stateset({ name: 's', help: '', ...options } as never)
  t.throws(
    () => registry.info({ name: 'build', help: '' }),
    /option "name": "build" of an info does not end with "_info"/,
  )
  t.throws(() => registry.info({ name: '_info', help: '' }), /of an info/)
  t.throws(() => registry.info({ name: 'x_info', help: '', expireAfter: 5 } as never), /expireAfter/)
  t.throws(() => stateset({ states: [] }), /option "states": .* of metric "s" is not a list of names/)
  t.throws(() => stateset({ states: 'open' }), /option "states": "open"/)
  t.throws(() => stateset({ states: ['a', 7] }), /option "states": 7/)
  t.throws(() => stateset({ states: ['a', 'a'] }), /option "states": "a" is there twice in metric "s"/)
  t.throws(() => stateset({ name: 'a:b', states: ['x'] }), /option "name": "a:b" is not a label name/)
  t.throws(() => stateset({ states: ['x'], labelNames: ['s'] }), /"s" is there twice/)
  t.throws(() => stateset({ states: ['x'], labelNames: 'y' }), /labelNames/)
  const s = registry.stateset({ name: 's', help: '', states: ['a', 'b'], labelNames: ['l'] })
  t.throws(
    () => stateset({ states: ['a'], labelNames: ['l'] }),
    /registered already with states \["a","b"\], not \["a"\]/,
  )
  t.throws(() => s.set({ l: '1' }, 'c' as never), /metric "s": state "c" is none of "a", "b"/)
  t.throws(() => s.set({ l: '1' }, 'a', 1 as never), /metric "s": 1 is not a boolean/)
  t.throws(() => s.set('a'), /metric "s": label "l" is missing/)
  t.throws(() => s.labels({ m: 1 } as never), /metric "s": label "m" is not known/)
  t.throws(() => s.labels({} as never), /metric "s": label "l" is missing/)
  t.throws(() => registry.gauge({ name: 's', help: '' }), /registered already with type "stateset"/)
  for (const nothing of [undefined, null, 'x'] as never[]) {
    t.throws(() => s.labels(nothing), /metric "s": (undefined|null|"x") is no object of labels/)
    t.throws(() => s.remove(nothing), /metric "s": (undefined|null|"x") is no object of labels/)
  }
  t.throws(() => s.remove({ l: '1', m: '2' } as never), /metric "s": label "m" is not known/)
  const only = registry.stateset({ name: 'only', help: '', states: ['a', 'b'] })
  t.throws(() => only.remove({}), /metric "only": remove\(\): states without labels cannot be removed/)
  t.equal(registry.value('only', { only: 'b' }), 0, 'they stay')
  registry.info({ name: 'x_info', help: '' })
  t.throws(() => registry.gauge({ name: 'x', help: '' }), /lines of the same name as metric "x_info"/)
})
