/** When the page asks which families there are. */
import t from 'tap'
import type { Family } from '../../src/front/contract/dashboard.js'
import { FamilyList } from '../../src/front/page/family-list.js'

const queued: Family = { name: 'mail_queued', type: 'gauge', help: '', labels: [], series: 1 }

/** Answers are given in turn; an error is a failure. */
function world(...answers: (readonly Family[] | Error)[]) {
  const at = { now: 0, asked: 0 }
  const timers: { ms: number; call: () => void }[] = []
  const heard: string[] = []
  const list = new FamilyList(
    {
      now: () => at.now,
      after: (ms, call) => timers.push({ ms, call }),
      ask: async () => {
        const answer = answers[at.asked++] ?? [queued]
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    {
      changed: () => heard.push('changed'),
      failed: (why, againIn) => heard.push(`${why}, again in ${againIn}`),
    },
  )
  return { at, timers, heard, list }
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
  const { at, timers, heard, list } = world([queued], new Error('it is gone'))
  await list.look()
  await list.look(0)
  t.equal(heard.at(-1), 'it is gone, again in 4000')
  t.same([...list.families.keys()], ['mail_queued'])
  t.equal(timers.length, 1)
  timers[0]!.call()
  await new Promise(resolve => setImmediate(resolve))
  t.same([at.asked, heard.at(-1)], [3, 'changed'])
})

t.test('as long as there is none it looks again by itself', async t => {
  const { timers, list } = world([])
  await list.look()
  t.equal(timers[0]!.ms, 10_000)
  timers[0]!.call()
  await new Promise(resolve => setImmediate(resolve))
  t.same([list.families.size, timers.length], [1, 1], 'and then no more')
})
