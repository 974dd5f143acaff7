/** Stopping as other programs stop, by key or by signal: the terminal is given back meanwhile, and taken again. */
import type { Screen } from './screen.js'

/** Within so many ms a process stops that can be stopped. */
const STOPS_WITHIN = 100

export class Suspension {
  readonly #screen: Pick<Screen, 'take' | 'restore' | 'isTaken'>
  readonly #draw: () => void
  readonly #stop = () => this.suspend()

  constructor(screen: Pick<Screen, 'take' | 'restore' | 'isTaken'>, draw: () => void) {
    this.#screen = screen
    this.#draw = draw
  }

  watch(): void {
    if (process.platform === 'win32') return
    process.on('SIGTSTP', this.#stop)
    process.on('SIGCONT', () => this.#resume())
  }

  suspend(): void {
    if (process.platform === 'win32') return
    this.#screen.restore()
    // The system stops whoever does not listen.
    process.off('SIGTSTP', this.#stop)
    process.kill(process.pid, 'SIGTSTP')
    // Nobody could have it go on again, where no shell with jobs started it: then the system does not stop it.
    setTimeout(() => {
      if (!this.#screen.isTaken) this.#resume()
    }, STOPS_WITHIN)
  }

  #resume(): void {
    if (!process.listeners('SIGTSTP').includes(this.#stop)) process.on('SIGTSTP', this.#stop)
    // Who stopped it without a word has left the terminal in whatever state.
    this.#screen.restore()
    this.#screen.take()
    this.#draw()
  }
}
