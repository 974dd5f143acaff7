/** What a registry gives to a push: its series as they are now, and those that are gone. Used in the thread that made it. */
import { threadId } from 'node:worker_threads'
import { Families, type Family } from '../catalogue/families.js'
import { SelfMetrics } from '../catalogue/self-metrics.js'
import { type Log, logEvent } from '../common/log.js'
import { type Kernel, loadKernel } from '../kernel/loader.js'
import { ancestors } from '../memory/ancestors.js'
import { type Arena, openArena } from '../memory/arena.js'
import { uptimeOf } from '../memory/clock.js'
import type { RegistryHandle } from '../memory/handle.js'
import { compressible, takeSlot } from '../memory/slots.js'
import { compressSpan } from '../pool/compress.js'
import { lookForDead, prepareToBury } from '../processes/sharing.js'
import { GoneSpans } from './gone-spans.js'
import { Plan } from './plan.js'
import { type GoneRun, PushedSeries } from './pushed-series.js'
import { spanBudget } from './span.js'
import { Spans, type SpanWalk } from './span-walk.js'
import type { Format, Pushed, PushFormat } from './types.js'

export interface SourceOptions {
  readonly format: Format | PushFormat
  /** Put before every metric name; '' for none. */
  readonly prefix: string
  /** Whether the library's own metrics are pushed, too. */
  readonly selfMetrics: boolean
  /** Labels that are added to each series, as exposition text; at most MAX_ADDED_BYTES. */
  readonly added: Uint8Array
  /** Whether spans are compressed: raw deflate, as gzip.ts joins it. */
  readonly compressed: boolean
}

export class PushSource {
  readonly #arena: Arena
  readonly #kernel: Kernel
  readonly #families: Families
  readonly #selfMetrics: SelfMetrics
  readonly #options: SourceOptions
  readonly #log: Log
  readonly #ancestors = ancestors()
  readonly #pushed: PushedSeries
  readonly #saidTooLarge = new Set<string>()

  /** `inOrder` says that nobody terminates this thread; `told` is that of a source before this one. */
  constructor(
    handle: RegistryHandle,
    options: SourceOptions,
    log: Log,
    inOrder: boolean,
    told?: SharedArrayBuffer,
  ) {
    this.#arena = openArena(handle)
    if (inOrder) prepareToBury(this.#arena)
    this.#kernel = loadKernel(this.#arena, handle.kernel)
    this.#families = new Families(this.#arena)
    this.#selfMetrics = new SelfMetrics(this.#arena, this.#families, uptimeOf(this.#arena))
    this.#pushed = new PushedSeries(this.#arena, told)
    this.#options = options
    this.#log = log
  }

  /** Which series were told of: another source of the registry can go on with it. */
  get told(): SharedArrayBuffer {
    return this.#pushed.bits
  }

  /** The families that are pushed, in order of name. */
  families(): readonly Family[] {
    const families = this.#families.sorted()
    return this.#options.selfMetrics ? families : families.filter(({ self }) => !self)
  }

  /** All series that are exposed; or with `series: 'all-gone'` all that were, as gone. */
  spans(time: number, series: Pushed['series'] = 'exposed'): SpanWalk {
    lookForDead(this.#arena)
    const { format, prefix, selfMetrics, added } = this.#options
    if (selfMetrics) this.#selfMetrics.refresh()
    const options = { format, prefix, selfMetrics, pushed: { time, series, added } }
    const plan = new Plan(this.#arena, this.#kernel, this.families(), options)
    const budget = this.#budget()
    return new Spans({
      arena: this.#arena,
      kernel: this.#kernel,
      slot: () => this.#slot(),
      plan: slot => {
        if (plan.done) return false
        plan.next(slot, budget, family => this.#sayTooLarge(family))
        return true
      },
      note: slot => {
        if (series === 'exposed') this.#pushed.note(slot)
      },
      compress: slot => this.#compress(slot),
    })
  }

  /**
   * Series that were told of by spans() and are not exposed any more, as gone. Each is told of once: `goneAgain` has it
   * told of anew. Look at it once between two sweeps.
   */
  gone(time: number): GoneSpans {
    const { format, prefix, selfMetrics, added } = this.#options
    const shown = new Set(this.families())
    const runs = this.#goneRuns(shown)
    return new GoneSpans({
      arena: this.#arena,
      kernel: this.#kernel,
      slot: () => this.#slot(),
      options: series => ({ format, prefix, selfMetrics, pushed: { time, series, added } }),
      runs,
      compress: slot => this.#compress(slot),
    })
  }

  #budget(): number {
    const { format, compressed } = this.#options
    const most = spanBudget(this.#arena, format)
    return compressed ? compressible(most) : most
  }

  #compress(slot: number): void {
    if (this.#options.compressed) compressSpan(this.#arena, slot, 1, 0)
  }

  *#goneRuns(shown: ReadonlySet<Family>): Generator<GoneRun> {
    for (const family of this.#families.all()) yield* this.#pushed.takeGone(family, !shown.has(family))
  }

  goneAgain(runs: readonly GoneRun[]): void {
    for (const run of runs) this.#pushed.again(run)
  }

  /** Slots that fronts have for themselves are for it, too: its thread is never blocked by the program. */
  #slot(): number {
    return takeSlot(this.#arena, threadId, this.#ancestors)
  }

  #sayTooLarge(family: string): void {
    if (this.#saidTooLarge.has(family)) return
    this.#saidTooLarge.add(family)
    logEvent(this.#log, {
      level: 'warn',
      code: 'series-too-large',
      message:
        `metric "${family}": series are left out of what is pushed: with all labels, one has more than ` +
        `${spanBudget(this.#arena, this.#options.format)} bytes, all that option "memory" of createRegistry allows, or more ` +
        'labels than there is room for',
    })
  }
}
