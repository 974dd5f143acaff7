import type { Families, Family, Identity } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import type { SeriesTable } from '../series/series.js'

/** What the instruments of one registry need in a thread. */
export interface Context {
  readonly arena: Arena
  readonly families: Families
  readonly series: SeriesTable
  /** Names under which this thread has registered a metric, and another process another one. */
  readonly conflicts: Set<string>
  /** Whether the registry was closed in this thread. If it was, what is recorded from then on is dropped. */
  closed: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Seconds on a clock that never goes back. */
  readonly elapsed: () => number
  /** ms since the registry was made, on a clock that never goes back. */
  readonly uptime: () => number
  /** Logs, once for each family and reason, that updates are being dropped. */
  refused(family: Identity, reason: number): void
  /** Logs, once for each family, that another process has its name for another metric. */
  conflict(family: Identity, error: Error): void
  /**
   * What a call does with data that cannot be recorded, as option `onBadValue` says: it throws what `mistake` makes, or
   * logs once for each family, and returns. The caller then drops the update and counts it.
   */
  badValue(family: Identity, mistake: () => Error): void
  /** Logs, once for each family, that an exemplar was left out, and why. */
  leftOut(family: Identity, why: string): void
  /**
   * Runs what walks the memory. Where that is damaged it logs it, once for each kind of damage, and returns `instead`: no
   * program ends because of what another process wrote.
   */
  guarded<T>(work: () => T, instead: T): T
  /** Sets all series of a family to zero, or that of one place. */
  reset(family: Family, place?: number): void
  /** Removes the series of a family whose label text fits. Returns whether there was one. */
  removeWhere(family: Family, fits: (text: string) => boolean): boolean
  /** Removes all series of a family. */
  clear(family: Family): void
}
