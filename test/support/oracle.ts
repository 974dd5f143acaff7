/**
 * What an exposition has to be, written down as naively as possible: from FORMATS.md, not from the kernel.
 */
import { DEFAULT_BUCKETS, type Registry } from '../../src/index.js'

export interface SeriesModel {
  /** One for each label name. */
  readonly labels: readonly string[]
  /** What was recorded: for a histogram the observations, for others what the value became. */
  readonly recorded: readonly number[]
}

export interface FamilyModel {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly buckets?: readonly number[]
  readonly series: readonly SeriesModel[]
}

export interface Model {
  readonly defaults: Readonly<Record<string, string>>
  readonly families: readonly FamilyModel[]
}

/** Registers and records a model through the public interface. */
export function record(registry: Registry, model: Model): void {
  for (const { kind, name, help, labelNames, buckets, series } of model.families) {
    const options = { name, help, labelNames }
    if (kind === 'histogram') {
      const histogram = registry.histogram({ ...options, buckets })
      for (const { labels, recorded } of series) {
        const child = histogram.labels(...labels)
        for (const value of recorded) child.observe(value)
      }
    } else if (kind === 'counter') {
      const counter = registry.counter(options)
      for (const { labels, recorded } of series) {
        const child = counter.labels(...labels)
        for (const value of recorded) child.inc(value)
      }
    } else {
      const gauge = registry.gauge(options)
      for (const { labels, recorded } of series) {
        const child = gauge.labels(...labels)
        for (const value of recorded) child.set(value)
      }
    }
  }
}

export function spellNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return Object.is(value, -0) ? '-0' : String(value)
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
  if (family.kind === 'gauge') return recorded.at(-1) ?? 0
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
  format: 'text' | 'json',
  prefix = '',
  most = 10_000,
): Promise<{ text: string; parts: number }> {
  const parts: Uint8Array[] = []
  for await (const part of registry.stream({ format, prefix })) {
    parts.push(part)
    if (parts.length > most) throw new Error(`stream of ${format} does not end: ${most} parts and more`)
  }
  return { text: Buffer.concat(parts).toString('utf8'), parts: parts.length }
}
