/** A terminal for programs, which a test types into and looks at: tmux's. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { needTmux } from '../../scripts/need-tmux.js'

const run = promisify(execFile)

/** Then it will not come, in ms: a test that fails shows what was there. */
const LONGEST = 20_000

export interface TerminalOptions {
  readonly width?: number
  readonly height?: number
  readonly env?: Readonly<Record<string, string>>
}

export class Terminal {
  readonly #program: string
  readonly #socket: string
  readonly #env: NodeJS.ProcessEnv

  private constructor(program: string, socket: string, env: NodeJS.ProcessEnv) {
    this.#program = program
    this.#socket = socket
    this.#env = env
  }

  /** Runs a line of `sh` in it. It stays when that ends. */
  static async start(t: Test, line: string, options: TerminalOptions = {}): Promise<Terminal> {
    const { width = 120, height = 30, env = {} } = options
    const tmux = await needTmux()
    const folder = await mkdtemp(join(tmpdir(), 'postmeter-tmux-'))
    const { NO_COLOR: _, ...own } = tmux.env
    const all = { ...own, LC_ALL: 'C.UTF-8', ...env }
    const terminal = new Terminal(tmux.program, join(folder, 'socket'), all)
    t.teardown(async () => {
      await terminal.#tmux('kill-server').catch(() => {})
      await rm(folder, { recursive: true, force: true })
    })
    const size = ['-x', String(width), '-y', String(height)]
    const set = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    await terminal.#tmux('new-session', '-d', ...size, ...set, 'sh', '-c', `${line}; exec cat`)
    return terminal
  }

  async #tmux(...args: string[]): Promise<string> {
    const all = ['-S', this.#socket, '-f', '/dev/null', '-u', ...args]
    const { stdout } = await run(this.#program, all, { env: this.#env })
    return stdout
  }

  /** What is on the screen; with `styles` as escape sequences tell it. */
  screen({ styles = false } = {}): Promise<string> {
    return this.#tmux('capture-pane', '-p', ...(styles ? ['-e'] : []))
  }

  /** What is on the screen once it is as it should be. */
  async until(what: RegExp | ((screen: string) => boolean)): Promise<string> {
    const isSo = what instanceof RegExp ? (screen: string) => what.test(screen) : what
    const began = performance.now()
    for (;;) {
      const screen = await this.screen()
      if (isSo(screen)) return screen
      if (performance.now() - began > LONGEST) throw new Error(`it is not ${what}:\n${screen}`)
      await wait(20)
    }
  }

  /** Names of keys as tmux has them, or single characters. */
  async keys(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text)
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(width), '-y', String(height))
  }

  /** As if its window were closed. */
  async close(): Promise<void> {
    await this.#tmux('kill-server')
  }

  /** Whether the other screen is shown, and the cursor. */
  async state(): Promise<{ alternate: boolean; cursor: boolean }> {
    const [alternate, cursor] = (await this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}'))
      .trim()
      .split(' ')
    return { alternate: alternate === '1', cursor: cursor === '1' }
  }

  /** The process that `sh` runs. */
  async pid(): Promise<number> {
    const shell = (await this.#tmux('display-message', '-p', '#{pane_pid}')).trim()
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', shell])
    return Number(stdout.trim().split('\n')[0])
  }
}
