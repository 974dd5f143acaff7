/**
 * Native histograms, which only protobuf has: of those families whose text has no bucket but +Inf. All else is read of the
 * text.
 */
import type { FamilyHead, MetricView } from '../../../reading/metric-view.js'
import { NativeSum } from '../../../reading/native-sum.js'
import { FamilyReader } from '../../../reading/protobuf.js'
import { textOf } from '../../bytes/numbers.js'
import type { Family } from './family.js'
import type { Label } from './labels.js'
import type { Model } from './model.js'
import { packed } from './observed.js'

interface Summed {
  readonly sum: NativeSum
  count: number
}

export class NativeReader {
  readonly #model: Model
  readonly #reader: FamilyReader
  #family: Family | undefined
  #summed: Summed | undefined
  #rows = new Map<number, Summed>()
  /** What is known once all has been read: an answer may break off. */
  readonly #read: (() => void)[] = []
  /** Families that have native buckets. */
  found = 0

  constructor(model: Model) {
    this.#model = model
    this.#reader = new FamilyReader({
      family: head => this.#enter(head),
      metric: metric => this.#take(metric),
    })
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  end(): void {
    this.#reader.end()
    this.#leave()
    for (const take of this.#read) take()
  }

  #enter({ name }: FamilyHead): boolean {
    this.#leave()
    const family = this.#model.families.get(name)
    this.#family = family?.isCountOnly ? family : undefined
    return this.#family !== undefined
  }

  #take(metric: MetricView): void {
    if (!metric.native) return
    this.#summed = added(this.#summed, metric)
    const { opened } = this.#model
    if (opened === undefined || opened.family !== this.#family) return
    const row = opened.rowOf(labelsOf(metric))
    if (row >= 0) this.#rows.set(row, added(this.#rows.get(row), metric))
  }

  #leave(): void {
    const family = this.#family
    if (family !== undefined && this.#summed !== undefined) {
      const now = bucketsOf(this.#summed)
      const rows = Array.from(this.#rows, ([row, summed]) => [row, bucketsOf(summed)] as const)
      const { opened } = this.#model
      this.#read.push(() => {
        this.found++
        family.native = { now, before: family.native?.now }
        for (const [row, buckets] of rows) opened!.observed(row, buckets)
      })
    }
    this.#family = undefined
    this.#summed = undefined
    this.#rows = new Map()
  }
}

function added(summed: Summed | undefined, metric: MetricView): Summed {
  const all = summed ?? { sum: new NativeSum(), count: 0 }
  all.sum.add(metric)
  all.count += metric.count
  return all
}

function bucketsOf({ sum, count }: Summed): Float64Array {
  return packed(sum.buckets(count))
}

function labelsOf({ bytes, labels }: MetricView): Label[] {
  const text = (from: number | undefined, to: number | undefined) => textOf(bytes, from!, to!)
  return Array.from({ length: labels.length }, (_, n): Label => {
    const { nameFrom, nameTo, valueFrom, valueTo } = labels
    return [text(nameFrom[n], nameTo[n]), text(valueFrom[n], valueTo[n])]
  })
}
