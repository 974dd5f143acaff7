/**
 * A front outside of the service: a process of its own serves what the service records, and reads its memory. It needs no
 * help of the service, and goes on while that is stopped, dead, or not there yet.
 *
 * Guarantees: The service's memory is only read. A file that is replaced is read anew; until the new one can be read,
 * the old one's figures are served, as after the service's end.
 */
import { logEvent } from '../common/log.js'
import { JoinedScraper } from '../exposition/joined.js'
import { createScraper } from '../exposition/scraper.js'
import type { Scraper } from '../exposition/types.js'
import type { Arena } from '../memory/arena.js'
import { P_DESCRIPTOR } from '../memory/layout.js'
import { endReading, readFileMemory, readProcessMemory } from '../processes/reader.js'
import { isAt } from '../processes/registry-file.js'
import { createRegistry } from '../registry/create.js'
import { handleOf } from '../registry/reader-handle.js'
import { type Front, type ServeOptions, serveWith } from './serve.js'
import type { ChangingFront } from './thread/front.js'

/** Whose memory is read: that of a file, or of a process that shares a registry without one. */
export type Source = { readonly file: string } | { readonly pid: number; readonly name?: string | undefined }

/** How often it looks for the file, ms. */
const LOOK_EVERY = 500

/**
 * Serves what a service records. Resolves when it listens, whether the service is there or not: then its own metrics
 * are served, of which `postmeter_service_found` is 0. Call in the main thread, of a process that has no registry `front`.
 * @throws Error of serve(); for a process, also if it is not there or shares nothing.
 */
export function serveOutside(source: Source, options: ServeOptions): Promise<OutsideFront> {
  return new Outside(source, options).serve()
}

/** What the command needs of a front. */
type OutsideFront = Pick<Front, 'url' | 'close'>

/** What makes an exposition of it once, in this thread. */
export function outsideParts(source: Source): { scraper: Scraper; close: () => Promise<void> } {
  const arena = 'file' in source ? readFileMemory(source.file) : readProcessMemory(source.pid, source.name)
  const own = createRegistry({ name: 'front', memory: '8MiB' })
  const scraper = new JoinedScraper(createScraper(own.handle, undefined, true))
  const handle = handleOf(arena)
  scraper.join([createScraper(handle, undefined, true)])
  scraper.observe(handle)
  const close = async () => {
    await scraper.close()
    await own.close()
  }
  return { scraper, close }
}

class Outside {
  readonly #source: Source
  readonly #options: ServeOptions
  readonly #own = createRegistry({ name: 'front', memory: '8MiB' })
  readonly #found = this.#own.ownMetrics(() =>
    this.#own.gauge({ name: 'postmeter_service_found', help: '1 if the memory of the service is there' }),
  )
  #front: ChangingFront | undefined
  #arena: Arena | undefined
  #said = ''

  constructor(source: Source, options: ServeOptions) {
    this.#source = source
    this.#options = options
  }

  async serve(): Promise<OutsideFront> {
    try {
      if ('pid' in this.#source) this.#use(readProcessMemory(this.#source.pid, this.#source.name))
      else this.#look(this.#source.file)
      const front = (await serveWith(this.#own, this.#options, {})) as ChangingFront
      this.#front = front
      this.#show()
      const timer =
        'file' in this.#source ? setInterval(this.#look, LOOK_EVERY, this.#source.file).unref() : undefined
      this.#own.onClose(() => clearInterval(timer))
      // The registry's end is that of the front, too.
      return { url: front.url, close: () => this.#own.close() }
    } catch (error) {
      await this.#own.close()
      throw error
    }
  }

  readonly #look = (file: string): void => {
    const known = this.#arena
    try {
      // Its directory may not be looked into any more.
      if (known !== undefined && isAt(file, known.i32[P_DESCRIPTOR])) return
      this.#use(readFileMemory(file))
    } catch (error) {
      this.#say(error as NodeJS.ErrnoException)
      return
    }
    this.#said = ''
    if (known !== undefined) endReading(known)
  }

  #use(arena: Arena): void {
    this.#arena = arena
    this.#found.set(1)
    this.#show()
  }

  #show(): void {
    if (this.#arena !== undefined) this.#front?.beside([handleOf(this.#arena)])
  }

  /** Once for each reason. */
  #say({ message }: Error): void {
    if (message === this.#said) return
    this.#said = message
    const waits = this.#arena === undefined ? 'it waits for the service' : 'it serves what it knows'
    const { log } = this.#options
    if (log !== undefined)
      logEvent(log, { level: 'info', code: 'front-waits', message: `${waits}: ${message}` })
  }
}
