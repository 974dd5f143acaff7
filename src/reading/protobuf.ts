/**
 * Reads an exposition of delimited io.prometheus.client.MetricFamily messages as it comes, piece by piece. Of a family
 * only one series is held at a time, however many it has.
 *
 * Assumes: name, help and type stand before the series, as all writers have them (fields in order of their numbers).
 * Guarantees: whatever the bytes are, it throws ReadingError or calls the sink with numbers and places within them. It
 * allocates nothing for a series.
 */
import { emptyMetric, readMetric } from './metric.js'
import type { FamilyHead, FamilyType, MetricView } from './metric-view.js'
import { fail, ReadingError, Wire } from './wire.js'

export { ReadingError }

export interface FamilySink {
  /** A family, or more of one, comes. Returns whether its series are wanted. */
  family(head: FamilyHead): boolean
  /** One of its series. The view is written over by the next. */
  metric(metric: MetricView): void
}

/** A series has fewer bytes; one that claims more is no series. */
const MOST_FIELD = 4 * 2 ** 20
/** The longest varint, and a tag before it. */
const MOST_HEAD = 20

const NAME = 1
const HELP = 2
const TYPE = 3
const METRIC = 4
const UNIT = 5
const TYPES: readonly FamilyType[] = ['counter', 'gauge', 'summary', 'untyped', 'histogram', 'histogram']

export class FamilyReader {
  readonly #sink: FamilySink
  readonly #wire = new Wire()
  readonly #metric = emptyMetric()
  /** Bytes of the message that are still to come; -1 between two messages. */
  #left = -1
  #rest = Buffer.alloc(0)
  #name = ''
  #help = ''
  #type: FamilyType = 'counter'
  #unit = ''
  /** Whether the sink was told of the family, and wants its series. */
  #told = false
  #wanted = false

  constructor(sink: FamilySink) {
    this.#sink = sink
  }

  /** Reads the next bytes. They may change once it has returned. @throws ReadingError if this is no exposition. */
  push(bytes: Uint8Array): void {
    const all = this.#rest.length === 0 ? bufferOf(bytes) : Buffer.concat([this.#rest, bytes])
    const at = this.#read(all)
    // A copy: the bytes may be a view on memory that is used for something else then.
    this.#rest = Buffer.from(all.subarray(at))
  }

  /** @throws ReadingError if the exposition is not whole. */
  end(): void {
    if (this.#rest.length > 0 || this.#left > 0) fail('it ends within a message')
    if (this.#left === 0) this.#finish()
  }

  /** Reads what is whole. Returns where the rest begins. */
  #read(bytes: Buffer): number {
    const wire = this.#wire
    wire.begin(bytes)
    for (;;) {
      const begun = wire.at
      if (this.#left === 0) this.#finish()
      if (wire.at === bytes.length) return begun
      const whole = bytes.length - begun >= MOST_HEAD
      if (!whole && !wire.hasVarint()) return begun
      if (this.#left < 0) {
        this.#left = wire.varint()
        this.#start()
        continue
      }
      const tag = wire.varint()
      if (!whole && !wire.hasVarint()) {
        wire.at = begun
        return begun
      }
      const field = tag >>> 3
      if ((tag & 7) === 2) {
        const length = wire.varint()
        if (length > MOST_FIELD) fail('a field is too large')
        const to = wire.at + length
        if (to > bytes.length) {
          if (to - begun > this.#left) fail('a field is longer than its message')
          wire.at = begun
          return begun
        }
        this.#field(field, to)
        wire.at = to
      } else if ((tag & 7) === 0) {
        const value = wire.varint()
        if (field === TYPE) this.#type = TYPES[value] ?? 'untyped'
      } else fail('a family has a field that it cannot have')
      this.#left -= wire.at - begun
      if (this.#left < 0) fail('a field is longer than its message')
    }
  }

  #start(): void {
    this.#name = ''
    this.#help = ''
    this.#type = 'counter'
    this.#unit = ''
    this.#told = false
  }

  #field(field: number, to: number): void {
    const wire = this.#wire
    if (field === METRIC) {
      if (!this.#told) this.#tell()
      if (!this.#wanted) return
      readMetric(wire, to, this.#metric)
      this.#sink.metric(this.#metric)
    } else if (field === NAME) this.#name = wire.text(to)
    else if (field === HELP) this.#help = wire.text(to)
    else if (field === UNIT) this.#unit = wire.text(to)
  }

  #tell(): void {
    this.#told = true
    this.#wanted = this.#sink.family({
      name: this.#name,
      type: this.#type,
      help: this.#help,
      unit: this.#unit,
    })
  }

  #finish(): void {
    if (!this.#told) this.#tell()
    this.#left = -1
  }
}

/** The same memory. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
