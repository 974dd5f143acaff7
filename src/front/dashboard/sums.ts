/** What several series are together, in the form in which the page gets it. */
import type { Buckets } from '../../reading/buckets.js'
import type { FamilyType, MetricView } from '../../reading/metric-view.js'
import { NATIVE_BYTES, NativeSum } from '../../reading/native-sum.js'
import type { HistogramValue, SummaryValue, Value } from '../contract/dashboard.js'
import { ExactSum } from './exact-sum.js'

export interface Sum {
  readonly series: number
  /** By which the greatest are found: a value, or how many observations. */
  readonly rank: number
  add(metric: MetricView): void
  value(): Value
  /** What is left when parts of it are taken away. */
  less(parts: readonly Sum[]): Value
}

export function sumOf(type: FamilyType): Sum {
  if (type === 'histogram') return new HistogramSum()
  return type === 'summary' ? new SummarySum() : new NumberSum()
}

/** What a sum that begins with a series takes of memory in a map, as it was measured, without its key. */
export function bytesOf(type: FamilyType, { native, length }: MetricView): number {
  if (type !== 'histogram' && type !== 'summary') return 280
  return 580 + 16 * length + (native ? NATIVE_BYTES : 0)
}

/** By which a series of its own stands among others. */
export function rankOf(type: FamilyType, { value, count }: MetricView): number {
  return ranked(type === 'histogram' || type === 'summary' ? count : value)
}

/** What is no number comes last. */
function ranked(value: number): number {
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
}

class NumberSum implements Sum {
  series = 0
  readonly sum = new ExactSum()

  get rank(): number {
    return ranked(this.sum.value)
  }

  add({ value }: MetricView): void {
    this.series++
    this.sum.add(value)
  }

  value(): number | null {
    return finite(this.sum.value)
  }

  less(parts: readonly Sum[]): number | null {
    return finite(this.sum.less((parts as readonly NumberSum[]).map(({ sum }) => sum)))
  }
}

class HistogramSum implements Sum {
  series = 0
  count = 0
  readonly sum = new ExactSum()
  #bounds: number[] = []
  #counts: number[] = []
  #native: NativeSum | undefined

  get rank(): number {
    return this.count
  }

  add(metric: MetricView): void {
    this.count += metric.count
    this.sum.add(metric.sum)
    if (metric.native) {
      this.#native ??= new NativeSum()
      this.#native.add(metric)
    } else {
      // All series of a family have the same bounds.
      if (this.series === 0) {
        this.#bounds = metric.bounds.slice(0, metric.length)
        this.#counts = new Array(metric.length).fill(0)
      }
      for (let n = 0; n < this.#bounds.length; n++) this.#counts[n]! += metric.counts[n]!
    }
    this.series++
  }

  value(): HistogramValue {
    const { count, sum } = this
    const buckets = this.#native?.buckets(count) ?? this.#classic()
    return { count, sum: finite(sum.value), buckets }
  }

  #classic(): Buckets {
    const finite = this.#bounds.map((bound, n) => [bound, this.#counts[n]!] as const)
    return [...finite, [null, Math.max(this.count, this.#counts.at(-1) ?? 0)]]
  }

  less(parts: readonly Sum[]): HistogramValue {
    return { ...rest(this, parts as readonly HistogramSum[]), buckets: [] }
  }
}

class SummarySum implements Sum {
  series = 0
  count = 0
  readonly sum = new ExactSum()
  #quantiles: SummaryValue['quantiles'] = []

  get rank(): number {
    return this.count
  }

  add({ count, sum, length, bounds, counts }: MetricView): void {
    this.count += count
    this.sum.add(sum)
    this.series++
    this.#quantiles =
      this.series > 1 ? [] : Array.from({ length }, (_, n) => [bounds[n]!, finite(counts[n]!)] as const)
  }

  value(): SummaryValue {
    return { count: this.count, sum: finite(this.sum.value), quantiles: this.#quantiles }
  }

  less(parts: readonly Sum[]): SummaryValue {
    return { ...rest(this, parts as readonly SummarySum[]), quantiles: [] }
  }
}

interface Observed {
  readonly count: number
  readonly sum: ExactSum
}

function rest(whole: Observed, parts: readonly Observed[]): { count: number; sum: number | null } {
  const count = parts.reduce((left, part) => left - part.count, whole.count)
  return { count, sum: finite(whole.sum.less(parts.map(({ sum }) => sum))) }
}

/** JSON has no others. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
