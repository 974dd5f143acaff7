/** What is written to a terminal, and what is read from it. */
import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import t from 'tap'
import { Input, type Keyboard } from '../../src/cli/top/view/input.js'
import type { Line } from '../../src/cli/top/view/layout.js'
import { Screen } from '../../src/cli/top/view/screen.js'

class FakeKeyboard extends EventEmitter {
  raw: boolean | undefined
  setRawMode(raw: boolean): this {
    this.raw = raw
    return this
  }
  pause(): this {
    return this
  }
  resume(): this {
    return this
  }
}

function screened({ colours = true, width = 40, height = 5 } = {}) {
  let written = ''
  let goOn: (() => void) | undefined
  let isSlow = false
  const stdout = new Writable({
    write(chunk, _, done) {
      written += chunk
      if (isSlow) goOn = done
      else done()
    },
  }) as unknown as NodeJS.WriteStream
  Object.assign(stdout, { isTTY: true, columns: width, rows: height })
  const keyboard = new FakeKeyboard()
  const screen = new Screen({ stdin: keyboard as unknown as Keyboard, stdout, colours })
  screen.take()
  const draw = (...lines: Line[]) => {
    written = ''
    screen.draw(lines)
    return written
  }
  return {
    ...{ screen, draw, keyboard, stdout },
    written: () => written,
    slow: () => {
      isSlow = true
    },
    catchUp: () => goOn?.(),
  }
}

const line = (text: string): Line => [{ text, style: 'plain' }]

t.test('only cells that changed are written', async t => {
  const { draw } = screened()
  const first = draw(line('queued 5'), line('sent 7'))
  t.match(first, /queued 5/)
  t.match(first, /sent 7/)
  t.equal(draw(line('queued 5'), line('sent 7')), '', 'nothing, if nothing changed')
  const next = draw(line('queued 6'), line('sent 7'))
  t.match(next, /6/)
  t.notMatch(next, /queued|sent/)
  t.ok(next.length < 30, `${next.length} bytes for one cell`)
})

t.test('what is text for a person is text for the terminal, too', async t => {
  const { draw } = screened()
  t.match(draw(line('^Y %s ^[red] %d')), /\^Y %s \^\[red\] %d/)
})

t.test('wide characters take two cells, also when they go', async t => {
  const { draw } = screened()
  t.match(draw(line('例え 5')), /例え 5/)
  const next = draw(line('ab 5'))
  t.match(next, /ab/)
})

t.test('after a change of size all is drawn anew', async t => {
  const { draw, screen, stdout } = screened()
  let told = 0
  screen.onResize(() => told++)
  draw(line('queued 5'))
  Object.assign(stdout, { columns: 10, rows: 2 })
  stdout.emit('resize')
  t.equal(told, 1)
  t.match(draw(line('queued 5')), /queued 5/)
})

t.test('so it is where the size is what it was when anybody looks', async t => {
  const { draw, screen } = screened()
  let told = 0
  screen.onResize(() => told++)
  draw(line('queued 5'))
  t.equal(draw(line('queued 5')), '')
  process.emit('SIGWINCH', 'SIGWINCH')
  t.equal(told, 1)
  t.match(draw(line('queued 5')), /queued 5/)
})

t.test('it tells when the terminal has not taken all', async t => {
  const { draw, screen, slow, catchUp } = screened()
  draw(line('a'))
  t.equal(screen.isBehind, false)
  slow()
  draw(line('b'))
  t.equal(screen.isBehind, true)
  while (screen.isBehind) {
    catchUp()
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal(screen.isBehind, false)
})

t.test('it gives the terminal back once', async t => {
  const { screen, keyboard, written, draw } = screened()
  t.equal(keyboard.raw, true)
  draw(line('a'))
  screen.restore()
  t.equal(keyboard.raw, false)
  t.match(written(), /\x1b\[0m\x1b\[\?25h\x1b\[\?1049l$/)
  const { length } = written()
  screen.restore()
  t.equal(written().length, length)
  t.equal(draw(line('b')), '', 'nothing is drawn behind it')
})

t.test('without colours there are styles alone', async t => {
  const all: Line = (
    ['plain', 'title', 'dim', 'head', 'sorted', 'selected', 'bad', 'spark', 'main'] as const
  ).map(style => ({ text: 'x', style }))
  t.match(screened().draw(all), /\x1b\[3[0-7]m/)
  t.notMatch(screened({ colours: false }).draw(all), /\x1b\[(?:3[0-7]|38|9[0-7]|4[0-7]|48)[;m]/)
})

t.test('keys come whole, however they arrive', async t => {
  const keyboard = new FakeKeyboard()
  const input = new Input(keyboard as unknown as Keyboard)
  const heard: string[] = []
  input.on('data', (data: Buffer) => heard.push(data.toString()))
  input.resume()
  const e = Buffer.from('é')
  for (const piece of [
    Buffer.from('a'),
    e.subarray(0, 1),
    e.subarray(1),
    Buffer.from('\x1b'),
    Buffer.from('['),
    Buffer.from('A'),
  ])
    keyboard.emit('data', piece)
  t.same(heard, ['a', 'é', '\x1b[A'])
  keyboard.emit('data', Buffer.of(0x80, 0x41))
  t.equal(heard.at(-1), '\ufffdA', 'a byte that is no character')
  const escaped = new Promise(resolve => input.once('data', (data: Buffer) => resolve(data.toString())))
  keyboard.emit('data', Buffer.from('\x1b'))
  t.equal(await escaped, '\x1b', 'Escape alone, when nothing follows')
  input.pause()
  keyboard.emit('data', Buffer.from('b'))
  t.equal(heard.at(-1), '\x1b', 'nothing, once it is given back')
})

t.test('and mean what they say', async t => {
  const { screen, keyboard } = screened()
  const keys: string[] = []
  screen.onKey(key => keys.push(key))
  for (const piece of ['q', '\x1b[A', '\x1b[B', '\x1b[5~', '\x1b[6~', '\r', '\x7f', '\x03', '\x1b[Z', '\t'])
    keyboard.emit('data', Buffer.from(piece))
  t.same(keys, [
    'q',
    'UP',
    'DOWN',
    'PAGE_UP',
    'PAGE_DOWN',
    'ENTER',
    'BACKSPACE',
    'CTRL_C',
    'SHIFT_TAB',
    'TAB',
  ])
  screen.restore()
})
