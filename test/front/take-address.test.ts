/** The steps by which a front that stands by comes to its address; the test begins each of them. */
import t from 'tap'
import type { LogEvent } from '../../src/common/log.js'
import { takeWhenFree } from '../../src/front/thread/take-address.js'
import { parseListen } from '../../src/front/transports/listen.js'
import type { Transport } from '../../src/front/transports/transport.js'

/** A front that listens with these outcomes, one after the other. */
function taking(listens: readonly (Error | Transport)[]) {
  const left = [...listens]
  const closing = new AbortController()
  const events: LogEvent[] = []
  const asked: string[] = []
  let held = true
  let next: (() => void) | undefined
  let paused: (() => void) | undefined
  const taken = takeWhenFree({
    address: parseListen('127.0.0.1:1'),
    listen: async () => {
      asked.push('listen')
      const what = left.shift()!
      if (what instanceof Error) throw what
      return what
    },
    isHeld: async () => {
      asked.push('held?')
      return held
    },
    standsBy: () => asked.push('stands by'),
    pause: () =>
      new Promise(resolve => {
        next = resolve
        paused?.()
      }),
    signal: closing.signal,
    log: event => events.push(event),
  })
  const pause = () =>
    new Promise<void>(resolve => {
      if (next === undefined) paused = resolve
      else resolve()
    })
  return {
    ...{ taken, closing, events, asked, pause },
    async look(isHeld: boolean, pausesAgain = true) {
      await pause()
      held = isHeld
      const end = next!
      next = undefined
      end()
      if (pausesAgain) await pause()
    },
  }
}

const failing = (code: string, message = code) => Object.assign(new Error(message), { code })
const inUse = failing('EADDRINUSE')
const opened = { name: 'http' } as Transport

t.test('it listens only once the address is free', async t => {
  const { taken, events, asked, look } = taking([inUse, inUse, opened])
  await look(true)
  await look(true)
  t.same(asked.splice(0), ['listen', 'stands by', 'held?', 'held?'])
  await look(false)
  t.same(asked.splice(0), ['held?', 'listen'], 'another one was faster')
  await look(false, false)
  t.equal(await taken, opened)
  t.same(events, [])
})

t.test('other errors reject at first, and are said once later', async t => {
  await t.rejects(taking([failing('EACCES')]).taken, { code: 'EACCES' })
  const { taken, events, look } = taking([
    inUse,
    failing('EACCES'),
    failing('EACCES'),
    failing('X'),
    inUse,
    opened,
  ])
  for (let n = 0; n < 4; n++) await look(false)
  await look(false, false)
  t.equal(await taken, opened)
  const why = 'the front cannot take 127.0.0.1:1, which is free, and goes on trying: '
  t.same(
    events,
    ['EACCES', 'X'].map(code => ({ level: 'warn', code: 'front-standby-failed', message: why + code })),
  )
})

t.test('once it is closed, it tries no more', async t => {
  const { taken, closing, asked, look, pause } = taking([inUse, opened])
  await pause()
  closing.abort()
  asked.splice(0)
  await look(false, false)
  t.equal(await taken, undefined)
  t.same(asked, [])
})
