/** The terminal: taken, drawn on, and given back as it was. */
import termkit from 'terminal-kit'
import { cells } from '../clean.js'
import { Input, type Keyboard } from './input.js'
import type { Line, Size, Style } from './layout.js'

export interface ScreenOptions {
  readonly stdin: Keyboard
  readonly stdout: NodeJS.WriteStream
  readonly colours: boolean
}

type Attributes = Parameters<typeof termkit.ScreenBuffer.object2attr>[0]

const COLOURS: Readonly<Record<Style, Attributes>> = {
  plain: {},
  title: { bold: true },
  dim: { color: 'gray' },
  head: { color: 'cyan' },
  sorted: { color: 'cyan', bold: true },
  selected: { inverse: true },
  bad: { color: 'red', bold: true },
  spark: { color: 'green' },
  main: { bold: true },
}
const WITHOUT: typeof COLOURS = {
  plain: {},
  title: { bold: true },
  dim: {},
  head: { underline: true },
  sorted: { underline: true, bold: true },
  selected: { inverse: true },
  bad: { bold: true },
  spark: {},
  main: { bold: true },
}

/** In the order that undoes it: keys as they were, style, cursor, the screen that was there. */
const RESTORE = '\x1b[0m\x1b[?25h\x1b[?1049l'
const TAKE = '\x1b[?1049h\x1b[?25l\x1b[0m\x1b[2J'

export class Screen {
  readonly #stdout: NodeJS.WriteStream
  readonly #input: Input
  readonly #terminal: termkit.Terminal
  readonly #styles: typeof COLOURS
  #buffer: termkit.ScreenBuffer | undefined
  #isTaken = false

  constructor({ stdin, stdout, colours }: ScreenOptions) {
    this.#stdout = stdout
    this.#input = new Input(stdin)
    this.#styles = colours ? COLOURS : WITHOUT
    this.#terminal = termkit.createTerminal({
      stdin: this.#input as never,
      stdout,
      // One that terminal-kit does not know is taken for an xterm.
      generic: process.env.TERM ?? 'xterm',
      appId: '',
      appName: '',
    })
  }

  get size(): Size {
    return { width: this.#stdout.columns || 80, height: this.#stdout.rows || 24 }
  }

  /** Whether what was written has not all gone out: then nothing more should be. */
  get isBehind(): boolean {
    return this.#stdout.writableNeedDrain || this.#stdout.writableLength > 0
  }

  get isTaken(): boolean {
    return this.#isTaken
  }

  take(): void {
    this.#isTaken = true
    this.#buffer = undefined
    this.#terminal.grabInput({})
    this.#setBlocking(false)
    this.#stdout.write(TAKE)
  }

  onKey(listener: (key: string) => void): void {
    this.#terminal.on('key', listener)
  }

  onResize(listener: () => void): void {
    // What the terminal makes of its old content is its affair: all is drawn anew.
    const drawAnew = () => {
      this.#buffer = undefined
      listener()
    }
    this.#stdout.on('resize', drawAnew)
    // One that was narrow for a moment has the size that it had, of which Node says nothing, and not what stood there.
    process.on('SIGWINCH', drawAnew)
  }

  /** Writes the cells that differ from what is there. */
  draw(lines: readonly Line[]): void {
    if (!this.#isTaken) return
    const { width, height } = this.size
    let buffer = this.#buffer
    if (buffer === undefined) {
      buffer = new termkit.ScreenBuffer({ dst: this.#terminal, width, height })
      this.#buffer = buffer
      this.#stdout.write('\x1b[0m\x1b[2J')
    }
    buffer.fill({ attr: {}, char: ' ' })
    for (const [y, line] of lines.entries()) {
      let x = 0
      for (const { text, style } of line) {
        buffer.put({ x, y, attr: { ...this.#styles[style] }, wrap: false, dx: 1, dy: 0 }, text)
        x += cells(text)
      }
    }
    buffer.draw({ delta: true })
  }

  /**
   * Node waits in each write until a terminal has taken it, and meanwhile does nothing else: no key, no signal. It has no
   * other way to say that it should not.
   */
  #setBlocking(isBlocking: boolean): void {
    const { _handle } = this.#stdout as { _handle?: { setBlocking?: (isBlocking: boolean) => void } }
    _handle?.setBlocking?.(isBlocking)
  }

  /** Gives the terminal back, at once: what comes behind may be the end of the process. */
  restore(): void {
    if (!this.#isTaken) return
    this.#isTaken = false
    try {
      this.#terminal.grabInput(false)
      // The process may end right behind it. A terminal that takes nothing would hold it up.
      if (!this.isBehind) this.#setBlocking(true)
      this.#stdout.write(RESTORE)
    } catch {
      // The terminal has gone.
    }
  }
}
