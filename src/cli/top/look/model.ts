/**
 * What is known of an endpoint: its series, what each family has together, and the rows of the family that somebody looks
 * into. Readers of text and protobuf write into it; a look begins with `begin` and ends with `end`.
 */
import { type HashKey, hashKey } from '../../bytes/hash.js'
import { Families, type Family } from './family.js'
import { Filter } from './filter.js'
import { seriesHead } from './labels.js'
import { Rows } from './rows.js'
import { Store } from './store.js'
import { VALUE } from './tally.js'

export class Model {
  readonly key: HashKey = hashKey()
  store = new Store()
  families = new Families()
  /** The number of the look under way, or of the last. */
  look = 0
  /** The last one that asked for all. */
  wholeLook = 0
  #isWhole = true
  #isUnderWay = false
  /** The filter of the look under way, or of the last: one that comes meanwhile is for the next. */
  #taken = new Filter('')
  #takenVersion = 1
  at = Number.NaN
  filter = new Filter('')
  #filterVersion = 1
  opened: Rows | undefined
  /** Lines of the last look: those of samples, and those that could not be read. */
  samples = 0
  bad = 0
  /** Lines of new series for which there was no room. */
  beyond = 0
  #counted = { samples: 0, bad: 0, beyond: 0 }

  setFilter(text: string): void {
    this.filter = new Filter(text)
    this.#filterVersion++
  }

  open(family: Family | undefined): void {
    this.opened = family === undefined ? undefined : new Rows(family)
    this.store.row.fill(0)
  }

  /** A family that perhaps is yet to be seen. */
  openByName(name: string): void {
    this.open(this.families.named(name))
  }

  /** `at`: in ms of any clock that only goes forward. */
  begin(whole: boolean, at: number): void {
    this.look++
    this.families.look = this.look
    this.#isWhole = whole
    this.#isUnderWay = true
    this.#taken = this.filter
    this.#takenVersion = this.#filterVersion
    this.at = at
    this.#counted = { samples: this.samples, bad: this.bad, beyond: this.beyond }
    this.samples = 0
    this.bad = 0
    this.beyond = 0
    this.store.begin()
  }

  /** The look has all that it asked for. Returns whether it holds; else nothing is known, and another one has to come. */
  end(): boolean {
    this.#isUnderWay = false
    if (this.families.changed) {
      this.#beginAnew()
      return false
    }
    if (!this.#isWhole) return true
    this.wholeLook = this.look
    const { families, store, opened, look } = this
    const moved = families.forget(family => family.look !== look && family !== opened?.family)
    store.forget(series => store.seen[series] !== look, moved)
    return true
  }

  /** The look under way has come to no end: all is as it was before. */
  breakOff(): void {
    if (!this.#isUnderWay) return
    this.#isUnderWay = false
    Object.assign(this, this.#counted)
    if (this.families.changed) {
      this.#beginAnew()
      return
    }
    const { families, store, look, opened } = this
    for (const family of families.all) if (family.look === look) family.undo()
    if (opened?.look === look) opened.undo()
    for (let series = 1; series < store.size; series++) {
      if (store.seen[series] !== look) continue
      store.value[series] = store.before[series]!
      store.seen[series] = families.all[store.family[series]!]!.look
    }
  }

  /** Another program answers there now. */
  #beginAnew(): void {
    const opened = this.opened?.family.name
    this.store = new Store()
    this.families = new Families()
    // Whoever looks into a family goes on with the one of that name.
    if (opened !== undefined) this.openByName(opened)
  }

  /** Families that the endpoint has: those of the last look that asked for all, and later ones. */
  current(): Family[] {
    return this.families.all.filter(({ look }) => look > 0 && look >= this.wholeLook)
  }

  #enter(family: Family): void {
    family.enter(this.look, this.at)
    if (this.opened?.family === family) this.opened.enter(this.look)
  }

  /** Takes a sample. The bytes are those of its name and labels. */
  take(series: number, value: number, bytes: Uint8Array, from: number, to: number): void {
    const { store } = this
    const family = this.families.all[store.family[series]!]!
    if (family.look !== this.look) this.#enter(family)
    // Which of two lines of one series is right, nobody knows. Both together are wrong.
    if (store.seen[series] === this.look) {
      this.samples--
      this.bad++
      return
    }
    const compared = store.seen[series] === family.before && family.before !== 0
    const rise = compared ? riseOf(store.value[series]!, value) : Number.NaN
    store.before[series] = compared ? store.value[series]! : Number.NaN
    store.seen[series] = this.look
    store.value[series] = value
    if (!this.#taken.isAll && !this.#passes(series, family, bytes, from, to)) return
    const role = store.role[series]!
    const { hasBuckets } = family
    const change = family.type === 'gaugehistogram' && role !== VALUE ? value : rise
    family.tally.add(role, value, change, hasBuckets)
    const { opened } = this
    if (opened === undefined || opened.family !== family || opened.look !== this.look) return
    const row = store.row[series]!
    if (row > 0 && opened.hasRoomFor(role)) opened.add(row - 1, role, value, change)
    else opened.beyond++
  }

  #passes(series: number, { name, partLabel }: Family, bytes: Uint8Array, from: number, to: number): boolean {
    const verdict = this.store.verdict[series]!
    if (verdict >> 1 === this.#takenVersion) return (verdict & 1) === 1
    const passes =
      partLabel === undefined
        ? this.#taken.takes(bytes, from, to)
        : this.#taken.takesIn(seriesHead(name, partLabel, bytes, from, to))
    this.store.verdict[series] = (this.#takenVersion << 1) | (passes ? 1 : 0)
    return passes
  }
}

/** Of a counter that begins anew, all that it has is new. What is below 0 never rose. */
function riseOf(before: number, value: number): number {
  if (Number.isNaN(before)) return Number.NaN
  return value >= before ? value - before : Math.max(0, value)
}
