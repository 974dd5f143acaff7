/** `postmeter top` on a terminal: looks again and again, and draws what it sees. */
import { EXITS } from '../../source/exits.js'
import type { Clock } from '../clock.js'
import type { Endpoint, Looked } from '../look/endpoint.js'
import { Poller } from '../poller.js'
import { prepared, type TopOptions } from '../run.js'
import { layout, pageOf, type Status } from './layout.js'
import { Screen } from './screen.js'
import { type Effect, ViewState } from './state.js'
import { Suspension } from './suspension.js'

/** Of endpoints that can be asked for some families, those that are not shown are seen so often, in ms. */
const WHOLE_EVERY = 30_000
/** A small exposition is always asked for as a whole, in bytes. */
const SMALL = 256 * 1024
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** Gives the code to end with. @throws SourceFailure if the first look fails: the terminal is as it was then. */
export async function view(address: string | undefined, options: TopOptions, clock: Clock): Promise<number> {
  const { model, endpoint } = prepared(address, options, clock)
  const first = await endpoint.look()
  const state = new ViewState(model, options.order, options.by)
  const { env, stdin, stdout } = process
  const screen = new Screen({ stdin, stdout, colours: (env.NO_COLOR ?? '') === '' })
  const running = new Running(state, screen, endpoint, options, clock)
  try {
    return await running.run(first)
  } finally {
    screen.restore()
  }
}

class Running {
  readonly #state: ViewState
  readonly #screen: Screen
  readonly #endpoint: Endpoint
  readonly #clock: Clock
  readonly #every: number
  readonly #stop = new AbortController()
  readonly #poller: Poller
  readonly #suspension: Suspension
  readonly #ascii = !isUtf8(process.env)
  #looked!: Looked
  #lookedAt = 0
  #whole: { bytes: number; at: number } = { bytes: 0, at: Number.NEGATIVE_INFINITY }
  #failure: string | undefined
  #isWaiting = false

  constructor(state: ViewState, screen: Screen, endpoint: Endpoint, { every }: TopOptions, clock: Clock) {
    this.#state = state
    this.#screen = screen
    this.#endpoint = endpoint
    this.#clock = clock
    this.#every = every
    this.#suspension = new Suspension(screen, () => this.#draw())
    this.#poller = new Poller(endpoint, every, clock, {
      looked: looked => this.#see(looked),
      failed: ({ message }) => {
        this.#failure = message
        this.#draw()
      },
      wanted: () => this.#wanted(),
    })
  }

  async run(first: Looked): Promise<number> {
    const stop = () => this.#stop.abort()
    for (const signal of SIGNALS) process.on(signal, stop)
    // However this ends, the terminal is given back first.
    const restore = () => this.#screen.restore()
    process.on('exit', restore)
    // A terminal that is gone.
    for (const event of ['end', 'error']) process.stdin.on(event, stop)
    process.stdout.on('error', restore)
    process.on('uncaughtExceptionMonitor', restore)
    this.#screen.take()
    this.#screen.onKey(key => this.#do(this.#state.key(key, pageOf(this.#screen.size))))
    this.#screen.onResize(() => this.#draw())
    this.#suspension.watch()
    this.#see(first)
    // How old the last look is changes by itself.
    const ticking = setInterval(() => this.#draw(), 1000)
    const { signal } = this.#stop
    const stopped = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    try {
      // A look that is under way is given up.
      await Promise.race([this.#poller.run(signal), stopped])
    } finally {
      clearInterval(ticking)
    }
    return EXITS.fine[0]
  }

  #do(effect: Effect): void {
    if (effect === 'quit') this.#stop.abort()
    else if (effect === 'look') this.#poller.hurry()
    else if (effect === 'pause') this.#poller.pause(this.#state.isPaused)
    else if (effect === 'suspend') this.#suspension.suspend()
    this.#draw()
  }

  #see(looked: Looked): void {
    const now = this.#clock.now()
    this.#failure = undefined
    this.#looked = looked
    this.#lookedAt = now
    if (looked.whole) this.#whole = { bytes: looked.bytes, at: now }
    this.#state.looked()
    this.#draw()
  }

  /** Of a large exposition only what is on the screen, where the endpoint can be asked for that. */
  #wanted(): readonly string[] {
    const { model, family, rows, first, order } = this.#state
    const isDue = this.#clock.now() - this.#whole.at >= WHOLE_EVERY - this.#every / 2
    if (!this.#endpoint.isOwn || this.#whole.bytes < SMALL || isDue || !model.filter.isAll) return []
    if (family !== undefined) return [family.name]
    // Sorted by figures, one that is not on the screen may belong there.
    if (order.key !== 'name' && order.key !== 'type') return []
    return rows.slice(first, first + pageOf(this.#screen.size)).map(({ name }) => name)
  }

  /** Not while the terminal is behind: then once it has caught up, with what there is by then. */
  #draw(): void {
    if (this.#isWaiting) return
    if (this.#screen.isBehind) {
      this.#isWaiting = true
      process.stdout.write('', () => {
        this.#isWaiting = false
        this.#draw()
      })
      return
    }
    const status: Status = {
      source: this.#endpoint.shown,
      age: this.#clock.now() - this.#lookedAt,
      bytes: this.#looked.bytes,
      milliseconds: this.#looked.milliseconds,
      failure: this.#failure,
    }
    this.#screen.draw(layout(this.#state, status, this.#screen.size, this.#ascii))
  }
}

/** As C libraries have it: the first of these that is set tells. */
function isUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}
