/** Looks at an endpoint over HTTP, and leaves in the model what it has. */
import { bareServerOf, DEFAULT_ADDRESS, isEndpoint, shownOf } from '../../source/address.js'
import { SourceFailure } from '../../source/exits.js'
import { type FetchOptions, fetchBody, type Query } from '../../source/fetch.js'
import { isTelling, refuseForeign } from '../../source/sniff.js'
import type { Model } from './model.js'
import { NativeReader } from './native-reader.js'
import { TextReader } from './text-reader.js'

export interface EndpointOptions {
  /** Milliseconds for a whole answer. */
  readonly timeout: number
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
}

export interface Looked {
  /** Unpacked. */
  readonly bytes: number
  readonly milliseconds: number
  readonly whole: boolean
}

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
/** postmeter's own families, perhaps with a prefix: its endpoints know `name[]` and `format`. */
const OWN = /(?:^|_)postmeter_\w/

/** A busy endpoint refuses now and then. */
const MOST_IN_VAIN = 2

export class Endpoint {
  /** Its address without a password. */
  readonly shown: string
  readonly #address: string
  readonly #model: Model
  readonly #options: FetchOptions
  readonly #now: () => number
  /** Whether it is of no use to ask for protobuf, or for some families alone. */
  #lacksProtobuf = false
  #lacksNames = false
  /** How often in a row some were asked for in vain, and all were there. */
  #inVain = 0

  /** @throws SourceFailure for an address that is none. */
  constructor(address: string | undefined, { timeout, headers, now }: EndpointOptions, model: Model) {
    this.#address = address ?? DEFAULT_ADDRESS
    this.shown = shownOf(this.#address)
    if (!isEndpoint(this.#address)) {
      const server = bareServerOf(this.#address)
      const hint = server === undefined ? '' : `: write http://${server}`
      throw new SourceFailure('usage', `${this.shown} is no address of an endpoint${hint}`)
    }
    if (!this.#address.startsWith('unix:') && !URL.canParse(this.#address))
      throw new SourceFailure('usage', `${this.shown} is no URL`)
    this.#model = model
    this.#now = now
    // On one machine it takes more time to pack than to send.
    const gzip = !isNear(this.#address)
    this.#options = { format: 'text', timeout, headers, agent: 'postmeter-top', gzip }
  }

  /** Whether it can be asked for some families alone, as far as is known. */
  get isOwn(): boolean {
    return !this.#lacksNames && this.#hasOwn
  }

  get #hasOwn(): boolean {
    return this.#model.families.all.some(({ name }) => OWN.test(name))
  }

  /**
   * `names`: the families that are asked for; all, if there are none. What breaks off leaves the model as it was.
   * @throws SourceFailure where there is no exposition.
   */
  async look(names: readonly string[] = []): Promise<Looked> {
    const began = this.#now()
    try {
      const some = names.length === 0 ? names : await this.#some(names)
      const whole = typeof some !== 'number'
      const bytes = whole ? await this.#all(some) : some
      return { bytes, milliseconds: this.#now() - began, whole }
    } catch (error) {
      this.#model.breakOff()
      throw error
    }
  }

  /** `inVain`: families that were asked for, and did not come. */
  async #all(inVain: readonly string[]): Promise<number> {
    let bytes = await this.#read([])
    if (!this.#model.end()) {
      // Another program answers there now: what it has is read anew.
      bytes = await this.#read([])
      this.#model.end()
    }
    // One that has come to an end is not there now. One that is was not given when it was asked for.
    if (inVain.some(name => this.#isThere(name)) && ++this.#inVain === MOST_IN_VAIN) this.#lacksNames = true
    return bytes
  }

  #isThere(name: string): boolean {
    return this.#model.families.get(name)?.look === this.#model.look
  }

  /** Gives bytes, or the names in vain: who only looks like postmeter knows no names, and does as it likes. */
  async #some(names: readonly string[]): Promise<number | readonly string[]> {
    const wanted = new Set(names)
    const there = this.#model.current().filter(({ name }) => wanted.has(name))
    let missing = names
    try {
      const bytes = await this.#read(names)
      const isOther = this.#model.current().some(({ name }) => this.#isThere(name) && !wanted.has(name))
      missing = there.filter(({ name }) => !this.#isThere(name)).map(({ name }) => name)
      if (isOther) this.#lacksNames = true
      else if (missing.length === 0 && this.#model.end()) {
        this.#inVain = 0
        return bytes
      }
    } catch (error) {
      if (!(error instanceof SourceFailure) || error.exit === 'unreachable') throw error
    }
    this.#model.breakOff()
    return missing
  }

  async #read(names: readonly string[]): Promise<number> {
    return (await this.#text(names)) + (await this.#native(names))
  }

  async #text(names: readonly string[]): Promise<number> {
    const asked = { parameters: named(names) }
    const { chunks, contentType, isBounded } = await fetchBody(this.#address, this.#options, asked)
    this.#model.begin(names.length === 0, this.#now())
    const reader = new TextReader(this.#model)
    let head: Uint8Array | undefined = new Uint8Array()
    for await (const chunk of chunks) {
      if (head === undefined) {
        reader.push(chunk)
        continue
      }
      head = Buffer.concat([head, chunk])
      if (!isTelling(head)) continue
      refuseForeign(head, contentType)
      reader.push(head)
      head = undefined
    }
    if (head !== undefined) {
      refuseForeign(head, contentType)
      reader.push(head)
    }
    if (!reader.end() && !isBounded)
      throw new SourceFailure('unreachable', `${this.shown} broke off in the midst of a line`)
    const { samples, bad } = this.#model
    if (samples === 0 && bad > 0 && reader.comments === 0)
      throw new SourceFailure('foreign', 'the body is no exposition: none of its lines can be read')
    return reader.bytes
  }

  /** Of histograms whose text has no buckets. */
  async #native(names: readonly string[]): Promise<number> {
    const wanted = this.#model.current().filter(family => family.isCountOnly && family.tally.value > 0)
    const some = names.length === 0 ? wanted : wanted.filter(({ name }) => names.includes(name))
    if (some.length === 0 || this.#lacksProtobuf) return 0
    const own: Query = { parameters: [['format', 'protobuf'], ...named(some.map(({ name }) => name))] }
    let bytes = 0
    try {
      const { chunks, contentType } = await fetchBody(
        this.#address,
        this.#options,
        this.#hasOwn && !this.#lacksNames ? own : { accept: PROTOBUF },
      )
      this.#lacksProtobuf = !/^application\/vnd\.google\.protobuf\b/.test(contentType ?? '')
      const reader = new NativeReader(this.#model)
      for await (const chunk of chunks) {
        if (this.#lacksProtobuf) break
        bytes += chunk.length
        reader.push(chunk)
      }
      if (!this.#lacksProtobuf) reader.end()
    } catch (error) {
      if (error instanceof SourceFailure && error.exit === 'unreachable') throw error
      // The text was there, so this endpoint does not speak protobuf, or not well.
      this.#lacksProtobuf = true
    }
    return bytes
  }
}

function named(names: readonly string[]): [string, string][] {
  return names.map(name => ['name[]', name])
}

function isNear(address: string): boolean {
  if (address.startsWith('unix:')) return true
  const { hostname } = new URL(address)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}
