/** What a Registry knows of the four classes: they spell themselves, from the memory. */
import type { Family } from '../catalogue/families.js'
import type { RegistryParts } from '../registry/registry.js'
import type { Common } from './families.js'
import type { AnyMetric, Told } from './types.js'

/** How a registry spells its metrics. */
export interface How {
  readonly openMetrics: boolean
  /** Its default labels; undefined where there are none. */
  readonly defaults: Readonly<Record<string, unknown>> | undefined
}

/** A family, and the registry that it is in. */
export interface Plain {
  readonly parts: RegistryParts
  readonly family: Family
}

export abstract class Spelled<R = unknown> implements AnyMetric {
  abstract name: string

  /** Runs `collect`, then tells all values. */
  async get(): Promise<R> {
    const collected = this.collected()
    if (collected !== undefined) await collected
    return this.told() as R
  }

  /** Runs `collect`; undefined where there is nothing to wait for. @internal */
  abstract collected(): Promise<unknown> | undefined

  /** As get() tells it, of what has been collected. @internal */
  abstract told(): Told

  /** Which memory it is of, where others can tell of the same one. @internal */
  abstract get memory(): string | undefined

  /** Its family, if that is exposed as the kernel writes it. @internal */
  abstract plain(how: How): Plain | undefined

  /** The family in an exposition, without the last end of line. @internal */
  abstract spell(how: How): string

  abstract reset(): void

  /** Called when a registry lists it, with what that one has in common with others. @internal */
  abstract entered(common: Common | undefined): void

  /** Called when a registry lists it no longer. @internal */
  abstract left(common: Common | undefined): void
}

/** Whether it spells itself: neither an object of the program, nor one whose get() the program has replaced. */
export function spellsItself(metric: AnyMetric): metric is Spelled {
  return metric instanceof Spelled && metric.get === Spelled.prototype.get
}
