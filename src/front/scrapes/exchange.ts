import type { Format } from '../../exposition/types.js'
import type { Peer } from '../request/request.js'

/** One request and its answer, from the first look at the request to the end of the answer. */
export class Exchange {
  /** Bytes of the body that were sent. */
  bytes = 0
  /** Undefined until the head was read. */
  peer: Peer
  /** When it began, ms on the handler's clock. */
  readonly begun: number
  #status = 0
  #format: Format | undefined
  readonly #ended: (exchange: Exchange) => void
  #open = true

  /** `ended` is called once. */
  constructor(begun: number, ended: (exchange: Exchange) => void) {
    this.begun = begun
    this.#ended = ended
  }

  /** 0 if the reader did not get all of an answer. */
  get status(): number {
    return this.#status
  }

  /** Undefined if no exposition was asked for. */
  get format(): Format | undefined {
    return this.#format
  }

  /** Notes the status of its answer; the first format that is given stays. */
  answered(status: number, format?: Format): void {
    this.#status = status
    this.#format ??= format
  }

  /** The answer ended early. The reader has gone, unless the status says that it was cut or that the scrape failed. */
  aborted(): void {
    if (this.#status < 500) this.#status = 0
  }

  /** Can be called twice. */
  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#ended(this)
  }
}
