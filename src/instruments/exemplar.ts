/** Exemplars: labels of one event, such as its trace, beside the count that it is in. OpenMetrics 1.0, 'Exemplars'. */
import { escapeLabelValue, isLabelName, labelText } from '../catalogue/names.js'
import { show } from '../errors.js'
import { keepExemplar, reserveExemplars } from '../memory/exemplars.js'
import { MAX_EXEMPLAR_CHARACTERS } from '../memory/layout.js'
import type { Child, LabelValue } from './metric.js'

/** Label names and values, 128 characters in all at most. `{ trace_id: '…' }` is what Prometheus' readers link by. */
export type Exemplar = { readonly [name: string]: LabelValue }

const encoder = new TextEncoder()

/** An exemplar as formats spell it. @throws TypeError or RangeError that names what is wrong with it. */
export function exemplarText(metric: string, exemplar: unknown): Uint8Array {
  // A Map has no labels to be seen here.
  if (Object.prototype.toString.call(exemplar) !== '[object Object]') {
    throw new TypeError(`metric "${metric}": exemplar ${show(exemplar)} is not an object of labels`)
  }
  let text = ''
  let characters = 0
  for (const [name, given] of Object.entries(exemplar as Exemplar)) {
    if (!isLabelName(name)) {
      throw new TypeError(
        `metric "${metric}": exemplar label ${show(name)} is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)`,
      )
    }
    // Prometheus takes a NUL for the end there, though not in a series' labels, and refuses the whole scrape.
    const value = labelText(metric, name, given).toWellFormed().replaceAll('\0', '\ufffd')
    characters += name.length + characterCount(value)
    text += `${text === '' ? '' : ','}${name}="${escapeLabelValue(value)}"`
  }
  if (characters > MAX_EXEMPLAR_CHARACTERS) {
    throw new RangeError(
      `metric "${metric}": exemplar ${show(exemplar)} has ${characters} characters; its names and values may have ${MAX_EXEMPLAR_CHARACTERS}`,
    )
  }
  return encoder.encode(text)
}

/** Unicode code points. */
function characterCount(text: string): number {
  let count = text.length
  for (let n = 0; n < text.length; n++) if ((text.charCodeAt(n) & 0xfc00) === 0xdc00) count--
  return count
}

/**
 * Keeps the exemplar of what a child has just recorded, on the nth of its lines that can have one. Where memory is full
 * it is left out.
 */
export function attachExemplar(child: Child, nth: number, value: number, text: Uint8Array): void {
  const { metric } = child
  const { arena, series, now } = metric.context
  const shard = series.shard()
  // Dropped, and counted so.
  if (child.at === 0 || shard === undefined || metric.family === undefined) return
  if (child.exemplars === 0) child.exemplars = metric.exemplarsOf(child)
  if (child.exemplars === 0) return
  reserveExemplars(arena, metric.family.ref, text.length)
  keepExemplar(arena, shard, child.exemplars + nth, value, now() / 1000, text)
}
