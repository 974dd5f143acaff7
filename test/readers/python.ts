/** Python's prometheus_client, text and OpenMetrics. */
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { PythonClient } from '../../scripts/need-python-client.js'
import {
  type ExpectedFamily,
  type ExpectedLines,
  isClose,
  openMetricsLines,
  type Sample,
  textLines,
} from '../support/expected.js'
import { labelKey, pairUp, same, sameExemplar, sameTime, type Time } from './compare.js'
import { numberOf, Reader } from './reader.js'

interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly unit: string
  readonly samples: readonly Found[]
}

interface Found {
  readonly name: string
  readonly labels: readonly [string, string][]
  readonly value: string
  readonly time: null
  readonly exemplar: { labels: [string, string][]; value: string; time: string } | null
}

const program = fileURLToPath(new URL('../../../test/readers/python_client.py', import.meta.url))

export function pythonReader(t: Test, { python, modules }: PythonClient): Reader<Family> {
  return new Reader(t, python, [program], { PYTHONPATH: modules })
}

/** What Python takes for white space at the ends of a line; a line break is escaped there. */
const ENDS =
  /^[\t\v\f\r \x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t\v\f\r \x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

export async function checkText(
  reader: Reader<Family>,
  text: string,
  expected: readonly ExpectedFamily[],
): Promise<void> {
  const lines = expected.map(textLines).map(family => {
    const help = family.help.replace(ENDS, '')
    if (family.type !== 'counter') return { ...family, help }
    // It names counters as OpenMetrics does.
    const base = family.name.replace(/_total$/, '')
    return {
      ...family,
      help,
      name: base,
      samples: family.samples.map(one => ({ ...one, name: `${base}_total` })),
    }
  })
  compare(await reader.read('text', text), lines, [0, 0])
}

export async function checkOpenMetrics(
  reader: Reader<Family>,
  text: string,
  expected: readonly ExpectedFamily[],
  created: boolean,
  time: Time,
): Promise<void> {
  compare(
    await reader.read('openmetrics', text),
    expected.map(family => openMetricsLines(family, created)),
    time,
  )
}

const pointOf = (name: string, labels: Sample['labels'], at: number | undefined) =>
  `${name} ${at ?? ''} ${labelKey(labels)}`

function keyOf({ name, labels }: Found, type: string): string {
  const own = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : undefined
  const at = labels.find(([label]) => label === own)?.[1]
  const rest = labels.filter(([label]) => label !== own)
  // Not spelled the same in all formats.
  return pointOf(name, rest, at === undefined ? undefined : numberOf(at))
}

function compare(found: readonly Family[], expected: readonly ExpectedLines[], time: Time): void {
  for (const [is, family, where] of pairUp(
    'family',
    found,
    ({ name }) => name,
    expected,
    ({ name }) => name,
  )) {
    same(`${where}, type`, is.type, family.type)
    same(`${where}, help`, is.help, family.help)
    same(`${where}, unit`, is.unit, family.unit)
    const samples = pairUp(
      where,
      is.samples,
      one => keyOf(one, is.type),
      family.samples,
      ({ name, labels, at }) => pointOf(name, labels, at),
    )
    for (const [one, sample, place] of samples) compareSample(one, sample, place, time)
  }
}

/** It reads whole numbers as such, which have no negative zero. */
const noSign = (value: number) => (value === 0 ? 0 : value)

function compareSample(is: Found, sample: Sample, where: string, time: Time): void {
  const value = noSign(numberOf(is.value))
  if (sample.how === 'time') sameTime(where, value, time)
  else if (sample.how === 'exact') same(where, value, noSign(sample.value))
  else if (!isClose(value, sample.value)) same(where, value, sample.value)
  same(`${where}, time`, is.time, null)
  const { exemplar } = is
  sameExemplar(
    where,
    exemplar === null
      ? undefined
      : { labels: exemplar.labels, value: noSign(numberOf(exemplar.value)), time: numberOf(exemplar.time) },
    sample.exemplar && { labels: sample.exemplar.labels, value: noSign(sample.exemplar.value) },
    time,
  )
}
