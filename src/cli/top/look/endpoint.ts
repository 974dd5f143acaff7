/** Looks at an endpoint over HTTP, and leaves in the model what it has. */
import { DEFAULT_ADDRESS, isEndpoint, shownOf } from '../../source/address.js'
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

export class Endpoint {
  /** Its address without a password. */
  readonly shown: string
  readonly #address: string
  readonly #model: Model
  readonly #options: FetchOptions
  readonly #now: () => number
  /** Whether it is of no use to ask for protobuf. */
  #lacksProtobuf = false

  /** @throws SourceFailure for an address that is none. */
  constructor(address: string | undefined, { timeout, headers, now }: EndpointOptions, model: Model) {
    this.#address = address ?? DEFAULT_ADDRESS
    this.shown = shownOf(this.#address)
    if (!isEndpoint(this.#address)) {
      const hint = /^[\w.-]+:\d+/.test(this.shown) ? `: write http://${this.shown}` : ''
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

  /** Whether it can be asked for some families alone. */
  get isOwn(): boolean {
    return this.#model.families.all.some(({ name }) => OWN.test(name))
  }

  /**
   * `names`: the families that are asked for; all, if there are none. What breaks off leaves the model as it was.
   * @throws SourceFailure where there is no exposition.
   */
  async look(names: readonly string[] = []): Promise<Looked> {
    const began = this.#now()
    let whole = names.length === 0
    try {
      let bytes = await this.#read(names)
      if (!this.#model.end()) {
        // Another program answers there now: what it has is read anew.
        whole = true
        bytes = await this.#read([])
        this.#model.end()
      }
      return { bytes, milliseconds: this.#now() - began, whole }
    } catch (error) {
      this.#model.breakOff()
      throw error
    }
  }

  async #read(names: readonly string[]): Promise<number> {
    return (await this.#text(names)) + (await this.#native(names))
  }

  async #text(names: readonly string[]): Promise<number> {
    const { chunks, contentType } = await fetchBody(this.#address, this.#options, {
      parameters: named(names),
    })
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
    reader.end()
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
        this.isOwn ? own : { accept: PROTOBUF },
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
