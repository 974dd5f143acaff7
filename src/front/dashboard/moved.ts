/** What was counted since the look before: of a series, or of several together. */
export interface Moved {
  readonly increase: number
  /** By which the busiest are found: increases, of which the older ones weigh less. Else ten others were it each time. */
  readonly score: number
}

/** Of what nothing is known of the time before. */
export const MOVELESS: Moved = { increase: 0, score: 0 }

export class MovedSum implements Moved {
  increase = 0
  score = 0

  add({ increase, score }: Moved): void {
    this.increase += increase
    this.score += score
  }
}
