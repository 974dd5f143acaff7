/**
 * What an exposition has to be, written down as naively as possible: from FORMATS.md, not from the kernel.
 */
import type { Format } from '../../src/exposition/types.js'
import { DEFAULT_BUCKETS, type Registry } from '../../src/index.js'
import type { Message } from './protobuf.js'

export interface SeriesModel {
  /** One for each label name. */
  readonly labels: readonly string[]
  /**
   * What was recorded: for a histogram or summary the observations, for a stateset what `step` makes of each, for others
   * what the value became.
   */
  readonly recorded: readonly number[]
  /** Of a counter or histogram: the labels that each value came with, if any. */
  readonly exemplars?: readonly (Readonly<Record<string, string>> | undefined)[]
}

export interface FamilyModel {
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'summary' | 'info' | 'stateset'
  readonly name: string
  readonly help: string
  readonly unit?: string
  readonly labelNames: readonly string[]
  readonly buckets?: readonly number[]
  /** Of a histogram, which has no others then unless it has `buckets` too. */
  readonly native?: { readonly schema: number; readonly maxBuckets: number }
  /** Of a summary. */
  readonly quantiles?: readonly number[]
  /** Of a stateset. */
  readonly states?: readonly string[]
  /** Of an info: all that was set, the last of which is exposed. */
  readonly series: readonly SeriesModel[]
}

export interface Model {
  readonly defaults: Readonly<Record<string, string>>
  readonly families: readonly FamilyModel[]
}

/** Registers and records a model through the public interface. */
export function record(registry: Registry, model: Model): void {
  for (const family of model.families) recordFamily(registry, family)
}

function recordFamily(registry: Registry, family: FamilyModel): void {
  const { kind, name, help, unit, labelNames, buckets, native, quantiles, states = [], series } = family
  const options = { name, help, unit, labelNames }
  if (kind === 'histogram') {
    const histogram = registry.histogram({ ...options, buckets, native })
    for (const { labels, recorded, exemplars = [] } of series) {
      const child = histogram.labels(...labels)
      recorded.forEach((value, n) => {
        child.observe(value, exemplars[n])
      })
    }
  } else if (kind === 'summary') {
    const summary = registry.summary({ ...options, quantiles })
    for (const { labels, recorded } of series) {
      const child = summary.labels(...labels)
      for (const value of recorded) child.observe(value)
    }
  } else if (kind === 'counter') {
    const counter = registry.counter(options)
    for (const { labels, recorded, exemplars = [] } of series) {
      const child = counter.labels(...labels)
      recorded.forEach((value, n) => {
        child.inc(value, exemplars[n])
      })
    }
  } else if (kind === 'gauge') {
    const gauge = registry.gauge(options)
    for (const { labels, recorded } of series) {
      const child = gauge.labels(...labels)
      for (const value of recorded) child.set(value)
    }
  } else if (kind === 'info') {
    const info = registry.info({ name, help, labelNames })
    for (const { labels } of series) info.set(named(labelNames, labels))
  } else {
    const stateset = registry.stateset({ name, help, labelNames, states })
    for (const { labels, recorded } of series) {
      const child = stateset.labels(named(labelNames, labels))
      for (const number of recorded) {
        const { state, how } = step(states, number)
        if (how === 'become') child.become(state)
        else child.set(state, how === 'on')
      }
    }
  }
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, n) => [name, values[n]]))
}

/** What a number recorded in a stateset stands for. */
export function step(states: readonly string[], number: number) {
  const how = (['on', 'off', 'become'] as const)[number % 3]
  return { state: states[Math.floor(number / 3) % states.length], how }
}

export function spellNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

const WELL = (text: string) => text.toWellFormed()
const escapeHelp = (text: string) => WELL(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeValue = (text: string) => escapeHelp(text).replaceAll('"', '\\"')

function labelText(pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return ''
  return `{${pairs.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')}}`
}

/** In order of name, which is ASCII. */
function sorted(model: Model): FamilyModel[] {
  return [...model.families].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function seriesOf(family: FamilyModel): readonly SeriesModel[] {
  if (family.labelNames.length > 0) return family.series
  return family.series.length > 0 ? family.series : [{ labels: [], recorded: [] }]
}

function pairsOf(model: Model, family: FamilyModel, series: SeriesModel): (readonly [string, string])[] {
  return [
    ...Object.entries(model.defaults),
    ...family.labelNames.map((name, n) => [name, series.labels[n]] as const),
  ]
}

function simpleValue(family: FamilyModel, { recorded }: SeriesModel): number {
  if (family.kind === 'gauge') return (recorded.at(-1) ?? 0) + 0
  return recorded.reduce((sum, value) => sum + value, 0)
}

function histogramValue(family: FamilyModel, { recorded }: SeriesModel) {
  const bounds = family.buckets ?? DEFAULT_BUCKETS
  const rows = bounds.map(bound => [bound, recorded.filter(value => value <= bound).length] as const)
  return {
    rows,
    sum: recorded.reduce((sum, value) => sum + value, 0),
    count: recorded.length,
  }
}

const spellBound = (bound: number) => (bound === 0 ? '0' : String(bound))

export function expectedText(model: Model, prefix = ''): string {
  const lines: string[] = []
  for (const family of sorted(model)) {
    const name = prefix + family.name
    lines.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.kind}`)
    for (const series of seriesOf(family)) {
      const pairs = pairsOf(model, family, series)
      if (family.kind !== 'histogram') {
        lines.push(`${name}${labelText(pairs)} ${spellNumber(simpleValue(family, series))}`)
        continue
      }
      const { rows, sum, count } = histogramValue(family, series)
      for (const [bound, below] of rows) {
        lines.push(`${name}_bucket${labelText([...pairs, ['le', spellBound(bound)]])} ${below}`)
      }
      lines.push(`${name}_bucket${labelText([...pairs, ['le', '+Inf']])} ${count}`)
      lines.push(`${name}_sum${labelText(pairs)} ${spellNumber(sum)}`)
      lines.push(`${name}_count${labelText(pairs)} ${count}`)
    }
  }
  return lines.map(line => `${line}\n`).join('')
}

/** As Go's 'g' with the fewest digits, and a point: what OpenMetrics' examples of canonical numbers are. */
export function spellCanonical(bound: number): string {
  if (bound === 0) return '0.0'
  const [, sign, mantissa, exponent] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(bound.toExponential()) ?? []
  const power = Number(exponent)
  if (power < -4 || power > 5) {
    const two = Math.abs(power) < 10 ? `0${Math.abs(power)}` : `${Math.abs(power)}`
    return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${two}`
  }
  return Number.isInteger(bound) ? `${bound}.0` : `${bound}`
}

/**
 * OpenMetrics 1.0, 'Histogram': no sum where a bound is negative, as it could fall then; and none that has fallen, or is
 * no number. Without it no count either: see prometheus_client's _check_histogram.
 */
export function openMetricsHasSum(firstBound: number | undefined, sum: number): boolean {
  return !(firstBound !== undefined && firstBound < 0) && sum >= 0
}

export function expectedOpenMetrics(model: Model, prefix = ''): string {
  const lines: string[] = []
  for (const family of sorted(model)) {
    const total = family.kind === 'counter' && family.name.endsWith('_total')
    const name = prefix + family.name
    const base = total ? name.replace(/_total$/, '') : name
    lines.push(`# HELP ${base} ${escapeHelp(family.help).replaceAll('"', '\\"')}`)
    lines.push(`# TYPE ${base} ${family.kind === 'counter' && !total ? 'unknown' : family.kind}`)
    if (family.unit !== undefined) lines.push(`# UNIT ${base} ${family.unit}`)
    for (const series of seriesOf(family)) {
      const pairs = pairsOf(model, family, series)
      if (family.kind !== 'histogram') {
        lines.push(`${name}${labelText(pairs)} ${spellNumber(simpleValue(family, series))}`)
        continue
      }
      const { rows, sum, count } = histogramValue(family, series)
      for (const [bound, below] of rows) {
        lines.push(`${name}_bucket${labelText([...pairs, ['le', spellCanonical(bound)]])} ${below}`)
      }
      lines.push(`${name}_bucket${labelText([...pairs, ['le', '+Inf']])} ${count}`)
      if (!openMetricsHasSum(rows[0]?.[0], sum)) continue
      lines.push(`${name}_sum${labelText(pairs)} ${spellNumber(sum)}`)
      lines.push(`${name}_count${labelText(pairs)} ${count}`)
    }
  }
  return [...lines, '# EOF'].map(line => `${line}\n`).join('')
}

/** What the messages say, put together by name; families without series are left out. */
export function expectedMessages(model: Model, prefix = ''): Message[] {
  return sorted(model)
    .filter(family => seriesOf(family).length > 0)
    .map(family => ({
      name: prefix + family.name,
      ...(family.help === '' ? {} : { help: WELL(family.help) }),
      type: family.kind.toUpperCase(),
      ...(family.unit === undefined ? {} : { unit: family.unit }),
      metric: seriesOf(family).map(series => {
        const label = pairsOf(model, family, series).map(([name, value]) => ({ name, value: WELL(value) }))
        const labels = label.length === 0 ? {} : { label }
        if (family.kind !== 'histogram') {
          return { ...labels, [family.kind]: { value: simpleValue(family, series) } }
        }
        const { rows, sum, count } = histogramValue(family, series)
        const bucket = rows.map(([bound, cumulativeCount]) => ({ cumulativeCount, upperBound: bound + 0 }))
        return { ...labels, histogram: { sampleCount: count, sampleSum: sum, bucket } }
      }),
    }))
}

/** Messages of one family, one after the other, as one. */
export function joined(all: readonly Message[]): Message[] {
  const whole: Message[] = []
  for (const message of all) {
    const last = whole.at(-1)
    if (last?.name !== message.name) whole.push(message)
    else whole[whole.length - 1] = { ...message, metric: [...last.metric, ...message.metric] }
  }
  return whole
}

const finite = (value: number) => (Number.isFinite(value) ? spellNumber(value) : 'null')

export function expectedJson(model: Model, prefix = ''): string {
  const members = sorted(model).map(family => {
    const head = family.help === '' ? '' : `"help":${JSON.stringify(WELL(family.help))},`
    return `"${prefix}${family.name}":{${head}"type":"${family.kind}","value":${jsonValue(model, family)}}`
  })
  return `{${members.join(',')}}\n`
}

function jsonValue(model: Model, family: FamilyModel): string {
  const rows = seriesOf(family).map(series => {
    const labels = pairsOf(model, family, series).map(
      ([name, value]) => [JSON.stringify(name), JSON.stringify(WELL(value))] as const,
    )
    return { labels, value: jsonNumber(family, series) }
  })
  if (rows.length === 0) return 'null'
  const { labels } = rows[0]
  if (labels.length === 0) return rows[0].value
  if (labels.length === 1) {
    return `{${labels[0][0]}:{${rows.map(row => `${row.labels[0][1]}:${row.value}`).join(',')}}}`
  }
  const elements = rows.map(
    row => `{${row.labels.map(([name, value]) => `${name}:${value}`).join(',')},"@":${row.value}}`,
  )
  return `[${elements.join(',')}]`
}

function jsonNumber(family: FamilyModel, series: SeriesModel): string {
  if (family.kind !== 'histogram') return finite(simpleValue(family, series))
  const { rows, sum, count } = histogramValue(family, series)
  const bucket = rows.map(([bound, below]) => `[${spellBound(bound)},${below}]`).join(',')
  const avg = finite(count === 0 ? 0 : sum / count)
  return `{"count":${count},"sum":${finite(sum)},"avg":${avg},"bucket":[${bucket}]}`
}

/** The whole of a stream, joined; `most` guards against one that never ends. */
export async function streamed(
  registry: Registry,
  format: Format,
  prefix = '',
  { created = false, most = 10_000 } = {},
): Promise<{ text: string; bytes: Uint8Array; parts: number }> {
  const parts: Uint8Array[] = []
  for await (const part of registry.stream({ format, prefix, created })) {
    parts.push(part)
    if (parts.length > most) throw new Error(`stream of ${format} does not end: ${most} parts and more`)
  }
  const bytes = Buffer.concat(parts)
  return { text: bytes.toString('utf8'), bytes, parts: parts.length }
}
