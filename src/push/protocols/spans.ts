/** Bodies of one span each: remote write and OTLP have it so. */
import type { PushSource } from '../../exposition/push-source.js'
import type { EncodedSpan, SpanWalk } from '../../exposition/span-walk.js'
import type { Answer } from '../delivery/outcome.js'
import type { Bodies, Body, Protocol, Rejected } from './body.js'

export interface SpanFormat {
  readonly headers: Readonly<Record<string, string>>
  /** A body of its own, from a span whose bytes are another one's when this returns. */
  body(span: EncodedSpan): Uint8Array
  accepts?(answer: Answer): string | undefined
  explain?(answer: Answer): string | undefined
  rejected?(answer: Answer): Rejected | undefined
}

/** One is made while the other is on its way; each has its body in memory. */
const PARALLEL = 2

export class SpanProtocol implements Protocol {
  readonly parallel = PARALLEL
  readonly #source: PushSource
  readonly #format: SpanFormat

  constructor(source: PushSource, format: SpanFormat) {
    this.#source = source
    this.#format = format
  }

  current(time: number): Bodies {
    return this.#bodies(this.#source.spans(time))
  }

  withdraw(time: number): Bodies {
    return this.#bodies(this.#source.spans(time, 'all-gone'))
  }

  gone(time: number): Bodies {
    return this.#bodies(this.#source.gone(time))
  }

  #bodies(spans: SpanWalk): Bodies {
    return { next: () => spans.next(span => this.#body(span)) }
  }

  #body(span: EncodedSpan): Body {
    const { headers, body, accepts, explain, rejected } = this.#format
    const request = {
      method: 'POST',
      headers,
      body: body(span),
      ...(accepts === undefined ? {} : { accepts }),
      ...(explain === undefined ? {} : { explain }),
    }
    return {
      request,
      ...(span.runs === undefined ? {} : { runs: span.runs }),
      ...(rejected === undefined ? {} : { rejected }),
    }
  }
}
