/** What a floor came to. */
export interface Verdict {
  readonly name: string
  /** All that was measured, first to last. */
  readonly attempts: readonly number[]
  readonly limit: number
  readonly held: boolean
}

/** How often a floor is measured before it fails the run: machines drift, a loss stays. */
export const ATTEMPTS = 3

/** One attempt within its limit is enough: noise can only make a ratio look worse for so long. */
export function judge(
  outcomes: Readonly<Record<string, readonly number[]>>,
  limits: Readonly<Record<string, number>>,
): Verdict[] {
  return Object.entries(outcomes).map(([name, attempts]) => {
    const limit = limits[name]
    if (limit === undefined) throw new Error(`the floor ${name} has no limit: calibrate it`)
    return { name, attempts, limit, held: attempts.some(ratio => ratio <= limit) }
  })
}
