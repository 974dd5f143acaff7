/**
 * The label set of an info that holds: a scrape has exactly one, whatever threads set at once, and whoever is stopped or
 * dies while it sets.
 */
import t from 'tap'
import { LabelWriter } from '../../src/catalogue/labels.js'
import { familyOf } from '../support/registry.js'
import { EXPIRE, interrupt, interruptEach, Killed, Sim, type SimThread } from './sim.js'

const A = 'v_info{x="a"}'
const B = 'v_info{x="b"}'

function world() {
  const sim = new Sim()
  const [one, two, three] = [1, 2, 3].map(id => sim.thread(id))
  const lines = () => [...sim.scrape().keys()]
  return { sim, one, two, three, info: [one, two, three].map(thread => thread.info('v_info')), lines }
}

/** What a look-up of a label set takes. */
function found({ context }: SimThread, x: string) {
  const { arena } = context
  const family = familyOf(arena, 'v_info')
  const writer = new LabelWriter(arena.hashKey, family.labelNames, family.ref, 100)
  writer.writeOne(x)
  return [family, writer] as const
}

const BEFORE = {
  'nothing was set': () => {},
  'the same was set by the other': ({ info }: ReturnType<typeof world>) => info[1].set({ x: 'a' }),
  'the same was set by the caller': ({ info }: ReturnType<typeof world>) => info[0].set({ x: 'a' }),
  'another was set by the other': ({ info }: ReturnType<typeof world>) => info[1].set({ x: 'c' }),
  'the same was set, and replaced by the other': ({ info }: ReturnType<typeof world>) => {
    info[0].set({ x: 'a' })
    info[1].set({ x: 'c' })
  },
  'it was replaced, and its place is free again': ({ sim, one, two, info }: ReturnType<typeof world>) => {
    info[0].set({ x: 'a' })
    info[1].set({ x: 'c' })
    for (let n = 0; n < 4; n++) {
      sim.sweep(EXPIRE)
      for (const thread of [one, two]) thread.letGo()
    }
  },
}

for (const [before, prepare] of Object.entries(BEFORE)) {
  t.test(`${before}: a scrape at each step of set() has one line`, async t => {
    const steps = interruptEach(() => {
      const at = world()
      prepare(at)
      const had = at.lines()
      let seen: string[] = []
      return {
        other: () => {
          at.sim.sweep()
          seen = at.lines()
        },
        call: () => at.info[0].set({ x: 'a' }),
        check: step => {
          t.ok([A, ...had].includes(seen[0]) || had.length === 0, `step ${step}: ${seen}`)
          t.equal(seen.length, had.length === 0 ? seen.length : 1, `step ${step}: ${seen}`)
          t.strictSame(at.lines(), [A])
        },
      }
    })
    t.ok(steps > 10)
  })

  for (const x of ['a', 'b']) {
    t.test(`${before}: another thread sets ${x} at each step`, async t => {
      for (const killed of [false, true]) {
        interruptEach(() => {
          const at = world()
          prepare(at)
          return {
            other: () => {
              at.info[1].set({ x })
              t.strictSame(at.lines(), [x === 'a' ? A : B])
              if (killed) throw new Killed()
            },
            call: () => at.info[0].set({ x: 'a' }),
            check: step => {
              if (killed) at.sim.bury(at.one)
              for (let n = 0; n < 4; n++) {
                const [line, ...more] = at.lines()
                t.ok(line === A || line === B, `step ${step}: ${line}`)
                t.strictSame(more, [])
                at.sim.sweep(EXPIRE)
                for (const thread of [at.two, at.three]) thread.letGo()
              }
              at.info[2].set({ x: 'd' })
              t.strictSame(at.lines(), ['v_info{x="d"}'])
            },
          }
        })
      }
    })
  }
}

t.test(
  'while one thread sets a and another b, step against step, a scrape at each step has one line',
  async t => {
    let scrapes = 0
    const wrong: string[] = []
    /** Whether there was such a step of `b`, and within or after it one more for the scrape. */
    const run = (step: number, look: number): [boolean, boolean] => {
      const { info, lines, one } = world()
      info[0].set({ x: 'a' })
      info[1].set({ x: 'b' })
      let reached = false
      let looking = false
      const looked = interrupt(
        look,
        () => {
          scrapes++
          looking = true
          const seen = lines()
          const read = [A, B].filter(line => one.table.find(...found(one, line[10])) !== 0)
          if (seen.length !== 1 || read.join() !== seen.join())
            wrong.push(`${step}, ${look}: ${seen}; ${read}`)
          looking = false
        },
        () => {
          reached = interrupt(
            step,
            // The scrape's own steps are counted, too.
            () => looking || info[0].set({ x: 'a' }),
            () => info[1].set({ x: 'b' }),
          )
        },
      )
      return [reached, looked]
    }
    for (let step = 0, more = true; more; step++) {
      for (let look = 0, looked = true; looked; look++) [more, looked] = run(step, look)
    }
    t.strictSame(wrong, [])
    t.ok(scrapes > 1_000, `${scrapes} scrapes`)
  },
)

t.test('set again by a thread that dies at once, while another replaces what was there before', async t => {
  interruptEach(() => {
    const at = world()
    at.info[0].set({ x: 'a' })
    at.info[1].set({ x: 'b' })
    return {
      other: () => {
        at.info[0].set({ x: 'a' })
        at.sim.bury(at.one)
      },
      call: () => at.info[2].set({ x: 'b' }),
      check: step => {
        for (let n = 0; n < 4; n++) {
          t.equal(at.lines().length, 1, `step ${step}`)
          at.sim.sweep(EXPIRE)
        }
      },
    }
  })
})

t.test('after clear() nothing is exposed, and what is set while it clears stays', async t => {
  const at = world()
  at.info[0].set({ x: 'a' })
  at.info[1].clear()
  t.strictSame(at.lines(), [])
  interruptEach(() => {
    const at = world()
    at.info[0].set({ x: 'a' })
    return {
      other: () => at.info[2].set({ x: 'b' }),
      call: () => at.info[1].clear(),
      check: step => t.ok(['', B].includes(at.lines().join()), `step ${step}`),
    }
  })
})

t.test('a scrape that was planned before it was set has it all the same', async t => {
  const { sim, info, lines } = world()
  info[0].set({ x: 'a' })
  const scrape = sim.scraper.open({ format: 'text', prefix: '', selfMetrics: false })
  info[1].set({ x: 'b'.repeat(50) })
  let text = ''
  for (let chunk = await scrape.next(); chunk !== undefined; chunk = await scrape.next()) {
    text += Buffer.from(new Uint8Array(chunk.bytes)).toString()
    chunk.release()
  }
  t.match(text, /^v_info\{x="b+"\} 1$/m)
  t.equal(text.match(/^v_info/gm)?.length, 1)
  t.equal(lines().length, 1)
  await sim.scraper.close()
})

t.test('memory stays flat, however many label sets come and go', async t => {
  const { sim, one, info } = world()
  let used = 0
  for (let n = 0; n < 2_000; n++) {
    info[0].set({ x: `${n % 10}.${n}`.padEnd(12) })
    sim.sweep()
    one.letGo()
    if (n === 100) used = sim.arena.usedBytes()
  }
  t.equal(sim.arena.usedBytes(), used)
})
