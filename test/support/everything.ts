/** A registry that has everything, for readers that have to read it at once. */
import fc from 'fast-check'
import { richModel, SEED } from './arbitrary.js'
import type { FamilyModel, Model } from './oracle.js'

/** One family of each type, at least. */
const EVERYTHING: readonly FamilyModel[] = [
  {
    kind: 'counter',
    name: 'sent_total',
    help: 'a "quoted" \\ help',
    labelNames: ['queue'],
    series: [
      { labels: ['a"\\\n'], recorded: [1.5, 2], exemplars: [undefined, { trace_id: 'abc' }] },
      { labels: ['é\0'], recorded: [2 ** 53] },
    ],
  },
  { kind: 'counter', name: 'seen', help: '', labelNames: [], series: [{ labels: [], recorded: [7] }] },
  {
    kind: 'gauge',
    name: 'odd',
    help: '',
    labelNames: ['n'],
    series: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.1].map((value, n) => ({
      labels: [`${n}`],
      recorded: [value],
    })),
  },
  {
    kind: 'histogram',
    name: 'wait_seconds',
    help: 'h',
    unit: 'seconds',
    labelNames: [],
    buckets: [1, 2.5],
    series: [
      { labels: [], recorded: [0.5, 2, 9], exemplars: [{ trace_id: 'x' }, undefined, { trace_id: 'y' }] },
    ],
  },
  {
    kind: 'histogram',
    name: 'native',
    help: 'h',
    labelNames: ['a'],
    native: { schema: 3, maxBuckets: 160 },
    series: [
      { labels: ['1'], recorded: [0, 0.5, 7, 7.1, -3, 1e9] },
      { labels: ['2'], recorded: [] },
    ],
  },
  {
    kind: 'histogram',
    name: 'both',
    help: 'h',
    labelNames: [],
    buckets: [1, 2],
    native: { schema: 5, maxBuckets: 160 },
    series: [{ labels: [], recorded: [0.5, 1.5], exemplars: [{ trace_id: 'z' }] }],
  },
  {
    kind: 'summary',
    name: 'size',
    help: 'h',
    labelNames: ['a'],
    quantiles: [0, 0.5, 1],
    series: [
      { labels: ['1'], recorded: [1, 2, 3] },
      { labels: ['2'], recorded: [] },
    ],
  },
  {
    kind: 'info',
    name: 'build_info',
    help: 'h',
    labelNames: ['v'],
    series: [{ labels: ['1'], recorded: [] }],
  },
  {
    kind: 'stateset',
    name: 'door',
    help: 'h',
    labelNames: [],
    states: ['open', 'shut'],
    series: [{ labels: [], recorded: [5] }],
  },
]

/** These, and the families of so many random registries; no label is called as one that readers add. */
export function everythingAnd(registries: number): Model {
  const defaults = { node: 'mx1' }
  const random = fc
    .sample(richModel, { seed: SEED, numRuns: registries })
    .flatMap(({ families }, n) => families.map(family => ({ ...family, name: `r${n}_${family.name}` })))
    .filter(({ labelNames }) => !labelNames.some(name => ['job', 'instance', 'node'].includes(name)))
  return { defaults, families: [...EVERYTHING, ...random] }
}
