/** Exemplars as prom-client takes them: with a time, for one line of a series, after its value was counted. */
import { rangeError } from '../common/errors.js'
import { attachExemplar, type Exemplar as Labels } from '../instruments/exemplar.js'
import type { Child } from '../instruments/metric.js'
import type { SeriesStore } from './series-store.js'

const MOST = 128

/**
 * Keeps an exemplar of a line, here and in the memory, from where a front exposes it.
 *
 * @throws RangeError if it is too long.
 */
export function keepExemplar(
  store: SeriesStore<Child>,
  labels: object,
  line: number,
  value: number,
  labelSet: object,
): void {
  const length = Object.entries(labelSet).reduce((sum, [name, text]) => sum + `${name}${text}`.length, 0)
  if (length > MOST)
    throw rangeError('ERR_POSTMETER_VALUE', `Label set size must be smaller than ${MOST} UTF-8 chars`)
  store.keepExemplar(labels, line, { labelSet: { ...labelSet }, value, timestamp: Date.now() / 1000 })
  attachExemplar(store.find(labels), line, value, labelSet as Labels)
}
