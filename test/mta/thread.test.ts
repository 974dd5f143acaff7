import t from 'tap'
import { Thread } from '../../scripts/mta/thread.js'

const file = new URL('../fixtures/mta-thread.js', import.meta.url)

function start(data: object, onDeath: (error: Error) => void = error => t.fail(error.message)) {
  return Thread.start<{ answer: number }>(file, data, onDeath)
}

t.test('a thread says when it is ready, answers, and ends with its last words', async t => {
  const thread = await start({})
  t.strictSame(thread.ready, { answer: 42 })
  t.equal(await thread.ask('later'), 'as promised')
  t.equal(await thread.stop(), 'last words')
})

t.test('one that cannot start is an error with its reason', async t => {
  await t.rejects(start({ fail: 'no such luck' }), { message: 'no such luck' })
})

t.test('one that does not end when it is asked to is terminated', async t => {
  const thread = await start({ linger: true })
  t.equal(await thread.stop(), 'last words')
})

for (const [question, message] of [
  ['die', /ended unasked, with exit code 3/],
  ['throw', /thrown in the thread/],
] as const) {
  t.test(`one that ends unasked is reported: ${question}`, async t => {
    const died = new Promise<Error>(resolve => {
      void start({}, resolve).then(thread => thread.ask(question))
    })
    t.match((await died).message, message)
  })
}
