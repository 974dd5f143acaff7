/** All that is in the registry that several threads or processes share, whoever registered it, as prom-client spells it. */
import type { Family } from '../catalogue/families.js'
import { type Child, Metric as Native } from '../instruments/metric.js'
import * as L from '../memory/layout.js'
import type { RegistryParts } from '../registry/registry.js'
import { histogramLines } from './histogram-lines.js'
import { homeIfKnown } from './home.js'
import { simpleLine } from './lines.js'
import { SeriesStore } from './series-store.js'
import type { How } from './spelled.js'
import { baseOf } from './spelling.js'
import { summaryLines } from './summary-lines.js'
import { spellHead } from './told.js'
import { OPENMETRICS_CONTENT_TYPE, type RegistryContentType } from './types.js'

/** For reading alone: it makes no series. */
class Reader extends Native<string, Child> {
  protected override makeChild(): never {
    throw new Error('a reader records nothing')
  }
}

/** The stores through which this thread reads families that it has no metric of. */
const readers = new WeakMap<Family, SeriesStore<Child>>()

function readerOf(parts: RegistryParts, family: Family): SeriesStore<Child> {
  let reader = readers.get(family)
  if (reader === undefined) {
    reader = new SeriesStore(parts, new Reader(parts.context, family, family), {})
    readers.set(family, reader)
  }
  return reader
}

/** Undefined where the registry is this process' own. */
export function spellAll(contentType: RegistryContentType): string | undefined {
  const parts = homeIfKnown()?.parts
  return parts === undefined || parts.context.arena.attachment === 0
    ? undefined
    : spellParts(parts, contentType)
}

/** All public families of a registry. */
export function spellParts(parts: RegistryParts, contentType: RegistryContentType): string {
  const openMetrics = contentType === OPENMETRICS_CONTENT_TYPE
  const how: How = { openMetrics, defaults: undefined }
  const { families, series } = parts.context
  const shown = families.sorted().filter(family => !family.self)
  const texts = series.inEpoch(() => shown.map(family => spellFamily(parts, family, how)))
  return openMetrics ? `${texts.join('\n')}\n# EOF\n` : `${texts.join('\n\n')}\n`
}

function spellFamily(parts: RegistryParts, family: Family, how: How): string {
  const { arena } = parts.context
  const { i32 } = arena
  const help = arena.text(i32[family.ref * 2 + L.F_RAW_HELP], i32[family.ref * 2 + L.F_RAW_HELP + 1])
  const isCounter = how.openMetrics && family.kind === 'counter'
  const name = isCounter ? baseOf(family.name) : family.name
  const type = family.kind === 'info' || family.kind === 'stateset' ? 'gauge' : family.kind
  const store = readerOf(parts, family)
  const line =
    family.kind === 'histogram'
      ? histogramLines(store, name, how)
      : family.kind === 'summary'
        ? summaryLines(store, name, { name, percentiles: family.bounds }, how)
        : simpleLine(store, isCounter ? `${name}_total` : name, how)
  return store.rows().reduce((text, row) => text + line(row), spellHead(name, help, type))
}
