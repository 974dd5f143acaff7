/** What goes wrong is said once until it is over. */
import t from 'tap'
import type { LogEvent } from '../../../src/common/log.js'
import { FILES, PUSHES, SAY_AGAIN_AFTER, Troubles } from '../../../src/push/delivery/troubles.js'

function made(codes = PUSHES) {
  const said: string[] = []
  const events: LogEvent[] = []
  const clock = { now: 0 }
  const troubles = new Troubles(
    event => {
      events.push(event)
      said.push(event.message)
    },
    () => clock.now,
    codes,
    'it works',
  )
  const say = (reason: string, why = reason) => troubles.say({ reason, why })
  return { troubles, said, events, clock, say }
}

t.test('a kind is said once until it is over, and then that it is over', async t => {
  const { troubles, events, say } = made()
  troubles.over()
  t.same(events, [], 'nothing was wrong')
  say('ECONNREFUSED', 'nobody listens')
  say('ECONNREFUSED', 'nobody listens still')
  t.same(events, [{ level: 'warn', code: 'push-failing', message: 'nobody listens' }])
  troubles.over()
  troubles.over()
  t.same(events.slice(1), [{ level: 'info', code: 'push-again', message: 'it works' }])
})

t.test('another kind is said anew, and one end is that of all', async t => {
  const { troubles, said, say } = made()
  say('a')
  say('b')
  say('a')
  troubles.over()
  t.same(said, ['a', 'b', 'it works'])
})

t.test(
  'one that comes and goes is said at most once in ten minutes, and no end is said without it',
  async t => {
    const { troubles, said, clock, say } = made()
    say('a')
    troubles.over()
    for (; clock.now < SAY_AGAIN_AFTER; clock.now += 15_000) {
      say('a')
      troubles.over()
    }
    t.same(said.splice(0), ['a', 'it works'])
    say('a')
    t.same(said.splice(0), ['a'], 'then it is said again')
    clock.now += SAY_AGAIN_AFTER * 10
    say('a')
    t.same(said, [], 'and not repeated while it lasts')
    troubles.over()
    t.same(said, ['it works'])
  },
)

t.test('a trouble that begins within ten minutes is said when they are over, if it lasts', async t => {
  const { troubles, said, clock, say } = made()
  say('a')
  troubles.over()
  said.splice(0)
  clock.now = 1000
  say('a')
  t.same(said, [])
  clock.now = SAY_AGAIN_AFTER
  say('a')
  t.same(said, ['a'])
})

t.test('however many kinds a receiver invents, few are kept', async t => {
  const { said, say } = made()
  for (let kind = 0; kind < 1000; kind++) say(`status-${kind}`)
  t.equal(said.length, 64)
})

t.test('files have codes of their own, and a hook that throws reaches nobody', async t => {
  const { troubles, events, say } = made(FILES)
  say('tls')
  troubles.over()
  t.same(
    events.map(({ code }) => code),
    ['push-file-not-read', 'push-file-read'],
  )
  const warned = new Promise<Error & { code?: string }>(resolve => process.once('warning', resolve))
  const throwing = new Troubles(
    () => {
      throw new Error('the hook')
    },
    () => 0,
    PUSHES,
    'it works',
  )
  throwing.say({ reason: 'a', why: 'it failed' })
  t.match(await warned, { code: 'push-failing', message: 'it failed' })
})
