/** When the page asks which families there are. */
import t from 'tap'
import type { Family } from '../../src/front/contract/dashboard.js'
import { FamilyList } from '../../src/front/page/family-list.js'

const queued: Family = { name: 'mail_queued', type: 'gauge', help: '', labels: [], series: 1 }

/** Answers are given in turn; an error is a failure, and `silence` none at all. */
function world(...answers: (readonly Family[] | Error | 'silence')[]) {
  const at = { now: 0, asked: 0, isHidden: false }
  const timers: { ms: number; call: () => void }[] = []
  const heard: string[] = []
  const list = new FamilyList(
    {
      now: () => at.now,
      isHidden: () => at.isHidden,
      after: (ms, call) => {
        const timer = { ms, call }
        timers.push(timer)
        return () => {
          const place = timers.indexOf(timer)
          if (place >= 0) timers.splice(place, 1)
        }
      },
      ask: async signal => {
        const answer = answers[at.asked++] ?? [queued]
        if (answer === 'silence') return new Promise((_, reject) => signal.addEventListener('abort', reject))
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    {
      changed: () => heard.push('changed'),
      failed: (why, againIn) => heard.push(`${why}, again in ${againIn}`),
    },
  )
  /** The timers that are set go off, and what comes of it has come. */
  const pass = async () => {
    for (const { call } of timers.splice(0)) call()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { at, timers, heard, list, pass }
}

t.test('it asks at most every ten seconds, however often it is to look', async t => {
  const { at, heard, list } = world()
  await list.look()
  at.now = 9_999
  await list.look()
  t.equal(at.asked, 1)
  at.now = 10_000
  await list.look()
  t.same([at.asked, heard], [2, ['changed', 'changed']])
  t.same([...list.families.keys()], ['mail_queued'])
})

t.test('it asks one question at a time', async t => {
  const { at, list } = world()
  await Promise.all([list.look(), list.look(0)])
  t.equal(at.asked, 1)
})

t.test('after a failure it says so, keeps what it knows, and asks again by itself', async t => {
  const { at, timers, heard, list, pass } = world([queued], new Error('it is gone'))
  await list.look()
  await list.look(0)
  t.equal(heard.at(-1), 'it is gone, again in 4000')
  t.same([...list.families.keys()], ['mail_queued'])
  t.equal(timers.length, 1)
  await pass()
  t.same([at.asked, heard.at(-1)], [3, 'changed'])
})

t.test('as long as there is none it looks again by itself', async t => {
  const { timers, list, pass } = world([])
  await list.look()
  t.equal(timers[0]!.ms, 10_000)
  await pass()
  t.same([list.families.size, timers.length], [1, 0], 'and then no more')
})

t.test('as long as it fails it asks at its own times, however often it is to look meanwhile', async t => {
  const failures = Array.from({ length: 20 }, () => new Error('it answers 403'))
  const { at, timers, list, pass } = world(...failures)
  for (let n = 0; n < 10; n++) await list.look()
  t.same([at.asked, timers.length], [1, 1])
  for (let n = 0; n < 5; n++) {
    await pass()
    await list.look()
  }
  t.same([at.asked, timers.length], [6, 1])
})

t.test('a list that does not come is given up, and asked for again', async t => {
  const { at, timers, heard, list, pass } = world('silence')
  void list.look()
  t.same(
    timers.map(({ ms }) => ms),
    [20_000],
  )
  await pass()
  t.same(heard, ['no answer within 20 s, again in 4000'])
  await pass()
  t.same([at.asked, heard.at(-1)], [2, 'changed'])
})

t.test('while nobody looks it asks nothing, and what is due then it asks when it is seen', async t => {
  const { at, timers, heard, list, pass } = world(new Error('it is gone'))
  at.isHidden = true
  await list.look()
  t.equal(at.asked, 0)
  at.isHidden = false
  list.seen()
  await new Promise(resolve => setImmediate(resolve))
  t.same([at.asked, heard], [1, ['it is gone, again in 4000']])
  at.isHidden = true
  await pass()
  t.same([at.asked, timers.length], [1, 0])
  at.isHidden = false
  list.seen()
  await new Promise(resolve => setImmediate(resolve))
  t.same([at.asked, heard.at(-1)], [2, 'changed'])
  list.seen()
  t.equal(at.asked, 2, 'nothing more is due')
})
