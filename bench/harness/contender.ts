interface Common {
  readonly calls: number
  /** Bytes that a batch wrote, if it writes any; asked after it. */
  bytes?(): number
}

/** One way to do the work of a suite. */
export type Contender = Common &
  (
    | {
        /** Does the work `calls` times over. What it returns is used, so that no optimiser can leave the work out. */
        batch(): unknown
      }
    | {
        /** Is no JavaScript: runs batches for so many milliseconds, and measures itself. */
        round(milliseconds: number): Promise<Round>
      }
  )

/** Nanoseconds of each batch, and the bytes that the last one wrote. */
export interface Round {
  readonly times: readonly number[]
  readonly bytes: number
}

/** A suite's contenders by name, each made in its own process. */
export type Contenders = Record<string, (size: number) => Contender | Promise<Contender>>

export type Question =
  /** Runs batches for so many milliseconds, at least one: nanoseconds a batch. */
  | { readonly round: number }
  /** Bytes of heap that one call allocates. */
  | 'allocation'

export interface Ready {
  readonly calls: number
}
