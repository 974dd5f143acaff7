/**
 * One exposition of several registries: a part for each, one after the other. Where two have a family of one name, the
 * first one's is exposed: a name has one head in an exposition.
 */
import { defaultLog, type Log, logEvent } from '../common/log.js'
import type { RegistryHandle } from '../memory/handle.js'
import { GzipMember } from './gzip.js'
import type { Chunk, CopyMemory, Joint, Scrape, ScrapeOptions, Scraper } from './types.js'

export class JoinedScraper implements Scraper {
  #parts: readonly Scraper[]
  #starving: (() => void) | undefined
  #sweeps: Log | undefined
  readonly #clashes: (name: string) => void

  constructor(first: Scraper, log: Log = defaultLog) {
    this.#parts = [first]
    const said = new Set<string>()
    this.#clashes = name => {
      if (said.has(name)) return
      said.add(name)
      const message = `metric "${name}" is in two registries of one endpoint: that of the first one is exposed alone`
      logEvent(log, { level: 'error', code: 'metric-clash', message })
    }
  }

  get starving(): (() => void) | undefined {
    return this.#starving
  }

  set starving(callback: (() => void) | undefined) {
    this.#starving = callback
    for (const part of this.#parts) part.starving = callback
  }

  /** Has these come behind the first from now on. Scrapes under way end as they began; what is left out ends with them. */
  join(others: readonly Scraper[]): void {
    const [first, ...before] = this.#parts
    this.#parts = [first!, ...others]
    this.starving = this.#starving
    if (this.#sweeps !== undefined) this.startSweeping(this.#sweeps)
    for (const part of before) if (!others.includes(part)) void part.close()
  }

  observe(handle: RegistryHandle): void {
    this.#parts[0]!.observe?.(handle)
  }

  small(options: ScrapeOptions): Uint8Array | undefined {
    const parts = this.#parts
    if (parts.length === 1) return parts[0]!.small(options)
    const joint = this.#joint(undefined)
    const all: Uint8Array[] = []
    for (const [n, part] of parts.entries()) {
      joint.first = n === 0
      joint.last = n === parts.length - 1
      const bytes = part.small({ ...options, joint })
      if (bytes === undefined) return undefined
      all.push(Uint8Array.from(bytes))
    }
    return Buffer.concat(all)
  }

  open(options: ScrapeOptions): Scrape {
    const parts = this.#parts
    return parts.length === 1
      ? parts[0]!.open(options)
      : new JoinedScrape(parts, options, this.#joint(options.gzip && new GzipMember()))
  }

  #joint(member: GzipMember | undefined): Joint {
    return { first: true, last: false, begun: false, names: new Set(), clashes: this.#clashes, member }
  }

  startSweeping(log: Log): void {
    this.#sweeps = log
    for (const part of this.#parts) part.startSweeping(log)
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map(part => part.close()))
  }
}

class JoinedScrape implements Scrape {
  readonly #left: Scraper[]
  readonly #options: ScrapeOptions
  readonly #joint: Joint
  #current: Scrape | undefined
  #ended = false

  constructor(parts: readonly Scraper[], options: ScrapeOptions, joint: Joint) {
    this.#left = [...parts]
    this.#options = options
    this.#joint = joint
  }

  async next(): Promise<Chunk | undefined> {
    while (!this.#ended) {
      this.#current ??= this.#begin()
      const chunk = await this.#current?.next()
      if (chunk !== undefined) return chunk
      if (this.#current === undefined) this.#ended = true
      this.#current = undefined
      this.#joint.first = false
    }
    return undefined
  }

  #begin(): Scrape | undefined {
    const part = this.#left.shift()
    this.#joint.last = this.#left.length === 0
    return part?.open({ ...this.#options, joint: this.#joint })
  }

  rest(memory?: CopyMemory): boolean {
    return this.#current?.rest(memory) ?? true
  }

  abort(): void {
    this.#ended = true
    this.#current?.abort()
  }
}
