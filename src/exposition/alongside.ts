/**
 * The last part of an exposition: text of another library, which a function of the program gives. It is asked for at
 * each scrape, when all that comes before was handed out, and checked before it is served.
 *
 * Guarantees: The rest of the exposition never depends on it. Text that comes too late, that is none, or that has
 * lines no reader takes is left out, as is a family with lines of a name that came before; each is counted, and said
 * once. While the program owes an answer it is not asked again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { constants, crc32, deflateRawSync } from 'node:zlib'
import { thrown } from '../common/errors.js'
import { type Log, logEvent } from '../common/log.js'
import { type CheckedText, checkText, type TextFamily } from './checked-text.js'
import type { ListedFamily } from './family-list.js'
import { ENDS } from './scrape.js'
import type { Chunk, Scrape, ScrapeOptions, Scraper } from './types.js'

/** What the program has answered. */
export type Given = { readonly text: string } | { readonly why: string }

/** Why a scrape lacks text, or some of its families. */
export type Lack = 'late' | 'failed' | 'refused'

/** How long a scrape waits for the text, ms: readers wait for ten seconds in all, and get the rest in any case. */
const PATIENCE = 1000
/** An answer that is so late, ms, is not waited for any more: the next scrape asks anew. */
const FORGOTTEN = 30_000
const MAX_CHARACTERS = 16 * 1024 * 1024
/** Faults that are said: one of each family. */
const MAX_SAID = 100
/** Characters of a part, about. */
const PART = 128 * 1024

/** Calls the program's function. Never rejects. */
export async function giveText(give: () => unknown): Promise<Given> {
  try {
    const text = await give()
    return typeof text === 'string' ? { text } : { why: `it gave ${text === null ? 'null' : typeof text}` }
  } catch (error) {
    return { why: thrown(error) }
  }
}

export interface AlongsideSettings {
  /** Asks the program. Never rejects. */
  readonly ask: () => Promise<Given>
  readonly log: Log
  readonly lacks: (lack: Lack) => void
  /** Default PATIENCE. */
  readonly patience?: number
}

export class AlongsideScraper implements Scraper {
  readonly #settings: AlongsideSettings
  readonly #said = new Set<string>()
  #asked: { readonly since: number; readonly answer: Promise<CheckedText | undefined> } | undefined
  starving: (() => void) | undefined

  constructor(settings: AlongsideSettings) {
    this.#settings = settings
  }

  /** In other formats there is no text but the end of theirs. */
  small({ format, joint }: ScrapeOptions): Uint8Array | undefined {
    if (format === 'text') return undefined
    return Buffer.from(joint?.last === false ? '' : ENDS[format])
  }

  /** What it has is known when a scrape has asked for it. */
  families(): readonly ListedFamily[] {
    return []
  }

  open(options: ScrapeOptions): Scrape {
    return new PartsScrape(this.#parts(options))
  }

  async *#parts(options: ScrapeOptions): AsyncGenerator<Uint8Array> {
    const { format, joint, gzip } = options
    const member = joint?.member
    if (format === 'text') {
      for (const part of partsOf(await this.#families(options), options.prefix)) {
        const bytes = Buffer.from(part)
        if (member === undefined || gzip === undefined) yield bytes
        else {
          member.add(crc32(bytes), bytes.length)
          yield deflateRawSync(bytes, { level: gzip.level, finishFlush: constants.Z_SYNC_FLUSH })
        }
      }
    }
    if (joint?.last === false) return
    const end = Buffer.from(ENDS[format])
    if (member === undefined) yield end
    else {
      yield member.stored(end)
      yield member.trailer()
    }
  }

  async #families({ joint, names, prefix }: ScrapeOptions): Promise<readonly TextFamily[]> {
    const text = await this.#inTime()
    if (text === undefined) return []
    const families: TextFamily[] = []
    let refused = text.faults.length > 0
    for (const family of text.families) {
      const lines = new Set([family.name, ...family.samples.map(({ name }) => name)])
      if (
        names !== undefined &&
        !names.some(name => name.startsWith(prefix) && lines.has(name.slice(prefix.length)))
      )
        continue
      if (joint !== undefined && [...lines].some(line => joint.lines.has(line))) {
        joint.clashes(family.name)
        refused = true
        continue
      }
      for (const line of lines) joint?.lines.add(line)
      families.push(family)
    }
    if (refused) this.#settings.lacks('refused')
    return families
  }

  /** Undefined if there is none, which was counted and said. */
  async #inTime(): Promise<CheckedText | undefined> {
    const { patience = PATIENCE, lacks } = this.#settings
    const timer = new AbortController()
    const late = pause(patience, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const)
    const answer = await Promise.race([this.#ask(), late])
    timer.abort()
    if (answer !== 'late') {
      if (answer === undefined) lacks('failed')
      return answer
    }
    lacks('late')
    this.#say(
      'alongside-late',
      `the function of option "alongside" has not given its text within ${patience} ms: scrapes go without it`,
    )
    return undefined
  }

  #ask(): Promise<CheckedText | undefined> {
    const now = performance.now()
    if (this.#asked !== undefined && now - this.#asked.since < FORGOTTEN) return this.#asked.answer
    const answer = this.#settings.ask().then(given => {
      if (this.#asked?.since === now) this.#asked = undefined
      return this.#check(given)
    })
    this.#asked = { since: now, answer }
    return answer
  }

  #check(given: Given): CheckedText | undefined {
    if ('why' in given) return this.#refuse(given.why)
    const { length } = given.text
    if (length > MAX_CHARACTERS) return this.#refuse(`${length} characters, more than ${MAX_CHARACTERS}`)
    const text = checkText(given.text)
    for (const { family, line, why } of text.faults) {
      const what = family === undefined ? 'a line' : `metric "${family}"`
      this.#say(
        'alongside-refused',
        `${what} of option "alongside" is left out: line ${line} ${family === undefined ? '' : `says that it `}${why}`,
        what,
      )
    }
    return text
  }

  #refuse(why: string): undefined {
    this.#say(
      'alongside-failed',
      `the function of option "alongside" has given no text that can be served: ${why}`,
    )
  }

  #say(code: string, message: string, what = code): void {
    if (this.#said.has(what) || this.#said.size >= MAX_SAID) return
    this.#said.add(what)
    logEvent(this.#settings.log, { level: 'warn', code, message })
  }

  startSweeping(): void {}

  async close(): Promise<void> {}
}

/** The text of families, in parts. */
export function* partsOf(families: readonly TextFamily[], prefix: string): Generator<string> {
  let part = ''
  for (const { name, head, samples } of families) {
    for (const [keyword, rest] of head) part += `# ${keyword} ${prefix}${name} ${rest}\n`
    for (const sample of samples) {
      part += `${prefix}${sample.name}${sample.rest}\n`
      if (part.length < PART) continue
      yield part
      part = ''
    }
  }
  if (part !== '') yield part
}

/** Parts on private memory, made one by one: a reader that rests holds none. */
class PartsScrape implements Scrape {
  readonly #parts: AsyncGenerator<Uint8Array>
  #ended = false

  constructor(parts: AsyncGenerator<Uint8Array>) {
    this.#parts = parts
  }

  async next(): Promise<Chunk | undefined> {
    while (!this.#ended) {
      const { value, done } = await this.#parts.next()
      if (done) this.#ended = true
      else if (value.length > 0 && !this.#ended) return { bytes: value, release: () => {} }
    }
    return undefined
  }

  rest(): boolean {
    return true
  }

  abort(): void {
    this.#ended = true
  }
}
