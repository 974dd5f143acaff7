/** Random registries for fast-check. */
import fc from 'fast-check'
import type { FamilyModel, Model } from './oracle.js'

/** Printed by each property test, so that a failure can be run again: POSTMETER_SEED=…. */
export const SEED = Number(process.env.POSTMETER_SEED ?? Date.now() % 2 ** 31)

const metricName = fc
  .stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
  .filter(name => !name.startsWith('postmeter_'))
const labelName = fc
  .stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,12}$/)
  .filter(name => !name.startsWith('__') && name !== 'le' && name !== 'quantile')

/** Any string there is: lone surrogates, quotes, controls, names of Object.prototype. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      '"',
      '\\',
      '\n',
      '\r',
      '\0',
      '\u001f',
      '\u007f',
      'é',
      '😀',
      '\ud800',
      '\udc00',
      'n',
      ',',
      '=',
      '{',
      '}',
    ),
    maxLength: 12,
  }),
  fc.constantFrom('', '__proto__', 'constructor', '\u2028', '\ufeff', 'a"b\\c\nd'),
)

export const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 2 ** 53, 2 ** 53 - 1, 1e21, 1e-7, 0.1, 5e-324, Number.MAX_VALUE),
)
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.integer(),
)
const bounds = fc
  .uniqueArray(finite, {
    minLength: 1,
    maxLength: 12,
    selector: value => (value === 0 ? 0 : value),
  })
  .map(list => list.sort((a, b) => a - b))

function family(reserved: readonly string[]): fc.Arbitrary<FamilyModel> {
  return fc
    .record({
      kind: fc.constantFrom('counter' as const, 'gauge' as const, 'histogram' as const),
      name: metricName,
      unit: fc.option(fc.constantFrom('seconds', 'bytes'), { nil: undefined }),
      total: fc.boolean(),
      help: anyText,
      labelNames: fc.uniqueArray(
        labelName.filter(name => !reserved.includes(name)),
        { maxLength: 3 },
      ),
    })
    .chain(({ kind, name: stem, unit, total, help, labelNames }) => {
      const base = unit === undefined ? stem : `${stem}_${unit}`
      const name = kind === 'counter' && total ? `${base}_total` : base
      const value =
        kind === 'gauge' ? anyNumber : kind === 'histogram' ? finite : finite.map(number => Math.abs(number))
      const series = fc.uniqueArray(
        fc.record({
          labels: fc.tuple(...labelNames.map(() => anyText)),
          recorded: fc.array(value, { maxLength: 5 }),
        }),
        // A lone surrogate is replaced before the look-up.
        {
          maxLength: labelNames.length === 0 ? 1 : 12,
          selector: one => JSON.stringify(one.labels.map(label => label.toWellFormed())),
        },
      )
      return fc.record({
        kind: fc.constant(kind),
        name: fc.constant(name),
        help: fc.constant(help),
        ...(unit === undefined ? {} : { unit: fc.constant(unit) }),
        labelNames: fc.constant(labelNames),
        series,
        ...(kind === 'histogram' ? { buckets: bounds } : {}),
      }) as fc.Arbitrary<FamilyModel>
    })
}

/** Labels of one event, 128 characters at most. Without }: prometheus_client 0.16 takes one for the end of the labels. */
const exemplar = fc
  .dictionary(labelName, anyText, { maxKeys: 2 })
  .map(labels =>
    Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.replaceAll('}', ')')])),
  )

/** A summary's values, so that quantiles are as exact as they promise. */
const observed = fc.oneof(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.nat(1_000))

const state = fc.oneof(anyText, fc.constantFrom('up', 'down'))

/** A family of a kind that `family` has not, or with what it has not. */
function richFamily(reserved: readonly string[]): fc.Arbitrary<FamilyModel> {
  const kinds = ['counter', 'histogram', 'native', 'both', 'summary', 'info', 'stateset'] as const
  return fc
    .record({
      kind: fc.constantFrom(...kinds),
      stem: metricName,
      total: fc.boolean(),
      help: anyText,
      labelNames: fc.uniqueArray(
        labelName.filter(name => !reserved.includes(name)),
        { maxLength: 3 },
      ),
      quantiles: fc.uniqueArray(fc.constantFrom(0, 0.25, 0.5, 0.9, 0.99, 1), { minLength: 1 }),
      states: fc.uniqueArray(state, { minLength: 1, maxLength: 4, selector: one => one.toWellFormed() }),
      native: fc.record({
        schema: fc.integer({ min: -4, max: 8 }),
        maxBuckets: fc.integer({ min: 1, max: 200 }),
      }),
      bounds,
    })
    .chain(({ kind, stem, total, help, labelNames, quantiles, states, native, bounds }) => {
      const histogram = kind === 'histogram' || kind === 'native' || kind === 'both'
      const ends: Record<string, string> = { counter: total ? '_total' : '', info: '_info' }
      const value = {
        counter: finite.map(number => Math.abs(number)),
        histogram: finite,
        native: anyNumber,
        both: anyNumber,
        summary: observed,
        info: fc.constant(1),
        stateset: fc.nat(100),
      }[kind]
      const series = fc.uniqueArray(
        fc
          .array(fc.tuple(value, fc.option(exemplar, { nil: undefined, freq: 2 })), { maxLength: 6 })
          .chain(values =>
            fc.record({
              labels: fc.tuple(...labelNames.map(() => anyText)),
              recorded: fc.constant(values.map(([one]) => one)),
              exemplars: fc.constant(values.map(([, one]) => one)),
            }),
          ),
        {
          maxLength: labelNames.length === 0 ? 1 : 5,
          selector: one => JSON.stringify(one.labels.map(label => label.toWellFormed())),
        },
      )
      return series.map(
        (series): FamilyModel => ({
          kind: histogram ? 'histogram' : (kind as 'counter'),
          name: stem + (ends[kind] ?? ''),
          help,
          labelNames,
          series,
          ...(kind === 'histogram' || kind === 'both' ? { buckets: bounds } : {}),
          ...(kind === 'native' || kind === 'both' ? { native } : {}),
          ...(kind === 'summary' ? { quantiles } : {}),
          ...(kind === 'stateset' ? { states } : {}),
        }),
      )
    })
    .filter(
      // A stateset's name is a label of its.
      ({ kind, name, labelNames }) =>
        kind !== 'stateset' ||
        (/^(?!__)\w+$/.test(name) && !labelNames.includes(name) && !reserved.includes(name)),
    )
}

/** What a family's lines can be called. */
function lines({ kind, name }: FamilyModel): string[] {
  const numbers = ['_sum', '_count', '_created']
  const suffixes = kind === 'histogram' ? ['_bucket', ...numbers] : kind === 'summary' ? numbers : []
  const base = kind === 'counter' && name.endsWith('_total') ? name.slice(0, -6) : undefined
  const total = base === undefined ? [] : [base, `${base}_created`]
  const fact = kind === 'info' ? [name.slice(0, -5)] : []
  return [name, ...suffixes.map(suffix => name + suffix), ...total, ...fact]
}

const modelOf = (family: (reserved: readonly string[]) => fc.Arbitrary<FamilyModel>): fc.Arbitrary<Model> =>
  fc
    .dictionary(labelName, anyText, { maxKeys: 2 })
    .map(defaults => Object.fromEntries(Object.entries(defaults)))
    .chain(defaults =>
      fc.record({
        defaults: fc.constant(
          Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, value.toWellFormed()])),
        ),
        families: fc
          .uniqueArray(family(Object.keys(defaults)), {
            maxLength: 6,
            selector: one => one.name,
          })
          // What one family's lines are called is not for others.
          .filter(families => {
            const all = families.flatMap(lines)
            return new Set(all).size === all.length
          }),
      }),
    )

/** Counters, gauges and histograms: what the naive formatters can write. */
export const anyModel = modelOf(family)
/** Of every type, with exemplars, native histograms and whatever else there is. */
export const richModel = modelOf(reserved =>
  fc.oneof(family(reserved), { arbitrary: richFamily(reserved), weight: 3 }),
)

export const anyPrefix = fc.oneof(fc.constant(''), fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,63}$/))
