/**
 * Random registries of every type are pushed in each format, and readers that know nothing of the kernel find in it what
 * was recorded: no series more, and none less.
 */
import fc from 'fast-check'
import t from 'tap'
import type { PushFormat } from '../../../src/exposition/types.js'
import { anyPrefix, anyText, richModel, SEED } from '../../support/arbitrary.js'
import { type ExpectedFamily, expectedFamilies } from '../../support/expected.js'
import { type Model, record } from '../../support/oracle.js'
import { metricsOf } from '../../support/push-schemas.js'
import { fresh } from '../../support/registry.js'
import { checkOtlp } from '../readers/check-otlp.js'
import { checkRemoteWrite, type Pushing } from '../readers/check-remote-write.js'
import { readFirst, readSecond } from '../readers/remote-write.js'
import { addedText, allSpans, PUSH_FORMATS, sourceOf } from '../readers/source.js'

const RUNS = 150

interface Case {
  readonly model: Model
  readonly prefix: string
  readonly added: Readonly<Record<string, string>>
}

/** Labels that a push adds: of names that families have themselves, or that stand first, last or between. */
function anyAdded(model: Model, prefix: string): fc.Arbitrary<Record<string, string>> {
  const own = model.families.flatMap(({ name, labelNames }) => [name, prefix + name, ...labelNames])
  const names = [...own, ...Object.keys(model.defaults)].filter(name => /^(?!__)[a-zA-Z_]\w*$/.test(name))
  const others = ['A', '_', 'job', 'instance', 'le', 'quantile', 'zzz', '_name_', 'a', 'aa']
  return fc.dictionary(fc.constantFrom(...names, ...others), anyText, { maxKeys: 4 })
}

const anyCase: fc.Arbitrary<Case> = fc.tuple(richModel, anyPrefix).chain(([model, prefix]) =>
  anyAdded(model, prefix).map(added => ({
    model,
    prefix,
    added: Object.fromEntries(Object.entries(added)),
  })),
)

t.comment(`POSTMETER_SEED=${SEED}`)

const CHECKS: Record<
  PushFormat,
  (spans: readonly Uint8Array[], expected: ExpectedFamily[], pushing: Pushing) => void
> = {
  'remote-write': (spans, expected, pushing) => checkRemoteWrite(spans.map(readFirst), expected, 1, pushing),
  'remote-write-2': (spans, expected, pushing) =>
    checkRemoteWrite(
      spans.map(span => readSecond(span)),
      expected,
      2,
      pushing,
    ),
  otlp: (spans, expected, pushing) => checkOtlp(spans.flatMap(metricsOf), expected, pushing),
}

for (const format of PUSH_FORMATS) {
  t.test(format, async t => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ model, prefix, added }) => {
        const undo: (() => unknown)[] = []
        const from = Date.now()
        const { registry, events } = fresh(
          { teardown: ((undone: () => unknown) => undo.push(undone)) as never },
          { memory: '32MiB', labels: model.defaults },
        )
        try {
          record(registry, model)
          const now = Date.now()
          const pushing = { now, recorded: [from / 1000, now / 1000], added } as const
          const of = sourceOf(registry.handle, format, { prefix, added: addedText(added) })
          const spans = allSpans(of.source.spans(now))
          CHECKS[format](spans, expectedFamilies(model, prefix), pushing)
          const said = [...events, ...of.events]
          if (said.length > 0) throw new Error(`the log says: ${JSON.stringify(said)}`)
        } finally {
          for (const one of undo) await one()
        }
      }),
      { seed: SEED, numRuns: RUNS },
    )
    t.pass(`${RUNS} registries`)
  })
}
