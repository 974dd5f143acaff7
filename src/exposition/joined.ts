/**
 * One exposition of several registries: a part for each, one after the other, and perhaps one of another kind behind. Where two have families with lines of one
 * name, in any format, the first one's is exposed: a name has one head in an exposition.
 */
import { linesOf } from '../catalogue/families.js'
import { defaultLog, type Log, logEvent } from '../common/log.js'
import type { RegistryHandle } from '../memory/handle.js'
import type { ListedFamily } from './family-list.js'
import { GzipMember } from './gzip.js'
import type { Chunk, CopyMemory, Joint, Scrape, ScrapeOptions, Scraper } from './types.js'

export class JoinedScraper implements Scraper {
  #parts: readonly Scraper[]
  #starving: (() => void) | undefined
  #sweeps: Log | undefined
  /** What comes behind all others. */
  readonly #last: Scraper | undefined
  readonly #clashes: (name: string) => void
  /** How many scrapes use a part, and those parts that are left out and still used. */
  readonly #used = new Map<Scraper, number>()

  constructor(first: Scraper, log: Log = defaultLog, last?: Scraper) {
    this.#parts = last === undefined ? [first] : [first, last]
    this.#last = last
    const said = new Set<string>()
    this.#clashes = name => {
      if (said.has(name)) return
      said.add(name)
      const message = `metric "${name}" has lines of the name of those of another part of the endpoint: it is left out`
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

  /** Has these come behind the first, and before the last, from now on. Scrapes under way end as they began; what is left out ends with them. */
  join(others: readonly Scraper[]): void {
    const [first, ...before] = this.#parts
    this.#parts = this.#last === undefined ? [first!, ...others] : [first!, ...others, this.#last]
    this.starving = this.#starving
    if (this.#sweeps !== undefined) this.startSweeping(this.#sweeps)
    for (const part of before) this.#end(part)
  }

  /** Closes a part that is left out, unless a scrape uses it. */
  #end(part: Scraper): void {
    if (!this.#parts.includes(part) && !this.#used.has(part)) void part.close()
  }

  observe(handle: RegistryHandle): void {
    this.#parts[0]!.observe?.(handle)
  }

  small(options: ScrapeOptions): Uint8Array | undefined {
    const parts = this.#parts
    if (parts.length === 1) return parts[0]!.small(options)
    const joint = this.#joint(undefined)
    // It may have to wait for what it has: then all the others would have been encoded in vain.
    joint.last = true
    if (this.#last !== undefined && this.#last.small({ ...options, joint }) === undefined) return undefined
    const all: Uint8Array[] = []
    for (const [n, part] of parts.entries()) {
      joint.first = n === 0
      joint.last = n === parts.length - 1
      const bytes = part.small({ ...options, joint })
      if (bytes === undefined) return undefined
      all.push(bytes)
    }
    return Buffer.concat(all)
  }

  open(options: ScrapeOptions): Scrape {
    const parts = this.#parts
    if (parts.length === 1) return parts[0]!.open(options)
    for (const part of parts) this.#used.set(part, (this.#used.get(part) ?? 0) + 1)
    return new JoinedScrape(parts, options, this.#joint(options.gzip && new GzipMember()), () => {
      for (const part of parts) {
        const left = this.#used.get(part)! - 1
        if (left > 0) this.#used.set(part, left)
        else {
          this.#used.delete(part)
          this.#end(part)
        }
      }
    })
  }

  families(selfMetrics: boolean): readonly ListedFamily[] {
    const taken = new Set<string>()
    // The library's own families are those of the first. What clashes is left out, as it is in an exposition.
    const parts = this.#parts.map((part, n) => {
      const lines = (family: ListedFamily) => linesOf({ name: family.name, kind: family.type })
      const mine = part
        .families(selfMetrics && n === 0)
        .filter(family => !lines(family).some(line => taken.has(line)))
      for (const line of mine.flatMap(lines)) taken.add(line)
      return mine
    })
    if (parts.length === 1) return parts[0]!
    return parts.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #joint(member: GzipMember | undefined): Joint {
    return { first: true, last: false, begun: false, lines: new Set(), clashes: this.#clashes, member }
  }

  startSweeping(log: Log): void {
    this.#sweeps = log
    for (const part of this.#parts) part.startSweeping(log)
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([...this.#parts, ...this.#used.keys()])].map(part => part.close()))
  }
}

class JoinedScrape implements Scrape {
  readonly #left: Scraper[]
  readonly #options: ScrapeOptions
  readonly #joint: Joint
  readonly #over: () => void
  #current: Scrape | undefined
  #ended = false

  /** `over` is called once, when it has ended. */
  constructor(parts: readonly Scraper[], options: ScrapeOptions, joint: Joint, over: () => void) {
    this.#left = [...parts]
    this.#options = options
    this.#joint = joint
    this.#over = over
  }

  async next(): Promise<Chunk | undefined> {
    while (!this.#ended) {
      this.#current ??= this.#begin()
      const chunk = await this.#next()
      if (chunk !== undefined) return chunk
      if (this.#current === undefined) this.#end()
      this.#current = undefined
      this.#joint.first = false
    }
    return undefined
  }

  async #next(): Promise<Chunk | undefined> {
    try {
      return await this.#current?.next()
    } catch (error) {
      this.#end()
      throw error
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#over()
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
    this.#current?.abort()
    this.#end()
  }
}
