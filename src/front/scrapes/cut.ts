import type { Refusal } from '../request/request.js'

/** Why a reader gets no more of its scrape. */
export class Cut extends Error {
  /** Its answer, if nothing of the scrape was sent yet. */
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.reason.trimEnd())
    this.refusal = refusal
  }
}
