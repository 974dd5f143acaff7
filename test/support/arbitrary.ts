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
      help: anyText,
      labelNames: fc.uniqueArray(
        labelName.filter(name => !reserved.includes(name)),
        { maxLength: 3 },
      ),
    })
    .chain(({ kind, name, help, labelNames }) => {
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
        labelNames: fc.constant(labelNames),
        series,
        ...(kind === 'histogram' ? { buckets: bounds } : {}),
      }) as fc.Arbitrary<FamilyModel>
    })
}

const SUFFIXES = ['_bucket', '_sum', '_count']

export const anyModel: fc.Arbitrary<Model> = fc
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
        // Names that a histogram's lines have are not for others.
        .filter(families => {
          const names = new Set(families.map(one => one.name))
          return !families.some(
            one => one.kind === 'histogram' && SUFFIXES.some(suffix => names.has(one.name + suffix)),
          )
        }),
    }),
  )

export const anyPrefix = fc.oneof(fc.constant(''), fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,63}$/))
