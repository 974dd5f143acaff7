import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { contenders } from '../../bench/suites/folding/contenders.js'
import { Pace } from '../../bench/suites/quiet/producer.js'
import { fill, KINDS, type Maker } from '../../bench/work/expositions.js'
import { filledRegistry } from '../../bench/work/fill.js'
import { peers } from '../../bench/work/peers.js'
import { fresh } from '../support/registry.js'

const linesOf = (text: string) => text.split('\n').filter(line => line !== '' && !line.startsWith('#'))

t.test('every library is given the same work, of as many lines as are exposed', async t => {
  for (const kind of KINDS) {
    for (const size of [1, 10, 1_000]) {
      const { registry } = fresh(t)
      const lines = fill(registry, kind, size)
      const own = linesOf(await registry.metrics())
      await registry.close()
      t.equal(own.length, lines, `${size} lines of ${kind}`)
      for (const [name, { Registry, Counter, Gauge, Histogram }] of Object.entries(peers)) {
        const peer = new Registry()
        const registers = [peer]
        const maker: Maker = {
          counter: options => new Counter({ ...options, registers }),
          gauge: options => new Gauge({ ...options, registers }),
          histogram: options => new Histogram({ ...options, registers }),
        }
        t.equal(fill(maker, kind, size), lines, `${name} is given as many`)
        t.equal(linesOf(await peer.metrics()).length, lines, `${name} exposes as many`)
      }
    }
  }
})

t.test(
  'threads that fill a registry have a shard each, and what is folded is what all of them counted',
  async t => {
    const { registry, lines } = await filledRegistry('counters', 100, 3)
    const exposed = linesOf(await registry.metrics())
    t.equal(exposed.length, lines)
    const one = fresh(t).registry
    fill(one, 'counters', 100)
    const sum = (all: string[]) =>
      all.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)
    t.equal(sum(exposed), 3 * sum(linesOf(await one.metrics())))
    await registry.close()

    const contender = await contenders['counters, 4 shards']!(100)
    t.ok('batch' in contender && contender.batch() === 4 * sum(linesOf(await one.metrics())))
  },
)

t.test('a pace that was held up counts each millisecond that it missed, with its own lateness', async t => {
  const late: number[] = []
  const pace = new Pace(by => late.push(by))
  pace.start()
  const end = performance.now() + 60
  while (performance.now() < end);
  while (late.length === 0) await turn()
  pace.stop()
  t.ok(late.length >= 50, `${late.length} of some 60`)
  t.ok(late[0]! >= 50, 'the first waited longest')
  t.same(
    late.slice(0, 50),
    late.slice(0, 50).sort((a, b) => b - a),
    'and each that followed less',
  )
})
