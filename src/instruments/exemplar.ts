/**
 * Exemplars: labels of one event, such as its trace, that are exposed beside the count that contains the event.
 * OpenMetrics 1.0, 'Exemplars'.
 */
import { escapeLabelValue, isLabelName } from '../catalogue/names.js'
import { isPlain, show, thrown, typeError } from '../common/errors.js'
import { keepExemplar, reserveExemplars } from '../memory/exemplars.js'
import { MAX_EXEMPLAR_CHARACTERS } from '../memory/layout.js'
import type { Child, LabelValue } from './metric.js'

/**
 * Names and values of labels, together at most 128 characters. An exemplar that has more, or that lacks a value, is
 * left out, which is logged once for each metric. Readers of Prometheus link to a trace by `{ trace_id: '…' }`.
 */
export type Exemplar = { readonly [name: string]: LabelValue }

const encoder = new TextEncoder()

/**
 * Refuses what can never be an exemplar, because then the call itself is wrong. What an exemplar holds is not checked
 * here: ids of messages and traces come from the network, and are missing if nothing was sampled. So nothing in an
 * exemplar throws, and the update is counted whatever is in it: see attachExemplar.
 * Returns whether it can be an exemplar. If not, the update has been dropped, or this throws, as option `onBadValue` says.
 * @throws TypeError that names it, before anything is counted.
 */
export function checkExemplar({ metric }: Child, exemplar: unknown): boolean {
  // A Map, for example, is refused: its entries are no labels.
  if (isPlain(exemplar)) return true
  metric.refuseUpdate(() =>
    typeError(
      'ERR_POSTMETER_VALUE',
      `metric "${metric.name}": exemplar ${show(exemplar)} is not an object of labels`,
    ),
  )
  return false
}

const TOO_LONG = `its names and values have more than ${MAX_EXEMPLAR_CHARACTERS} characters`

/** The text of an exemplar, or why it is left out. Reads no more of it than may be in one. */
function spell(exemplar: Exemplar): Uint8Array | string {
  let text = ''
  let characters = 0
  for (const name of Object.keys(exemplar)) {
    const given: unknown = exemplar[name]
    characters += name.length
    if (characters > MAX_EXEMPLAR_CHARACTERS) return TOO_LONG
    if (!isLabelName(name)) return `label ${show(name)} is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)`
    if (!LABEL_TYPES.includes(typeof given))
      return `label "${name}": ${show(given)} is not a string, a number or a boolean`
    const value = String(given)
    // A text has at least half as many code points as code units.
    if (value.length > 2 * MAX_EXEMPLAR_CHARACTERS) return TOO_LONG
    characters += characterCount(value)
    if (characters > MAX_EXEMPLAR_CHARACTERS) return TOO_LONG
    // In an exemplar, though not in the labels of a series, Prometheus takes a NUL for the end, and refuses the whole
    // scrape.
    const escaped = escapeLabelValue(value.toWellFormed().replaceAll('\0', '\ufffd'))
    text += `${text === '' ? '' : ','}${name}="${escaped}"`
  }
  return encoder.encode(text)
}

/** The types that label values may have. */
const LABEL_TYPES = ['string', 'number', 'boolean', 'bigint']

/** Number of Unicode code points. */
function characterCount(text: string): number {
  let count = text.length
  for (let n = 0; n < text.length; n++) if ((text.charCodeAt(n) & 0xfc00) === 0xdc00) count--
  return count
}

/**
 * Keeps the exemplar of what a child has just recorded, on the nth of its lines that can have one. An invalid exemplar
 * is left out, and so is any when memory is full: the update has been counted, so nothing throws any more.
 */
export function attachExemplar(child: Child, nth: number, value: number, exemplar: Exemplar): void {
  const { metric } = child
  const { arena, series, now } = metric.context
  // The update was dropped, and counted as dropped.
  if (child.at === 0 || metric.family === undefined) return
  const shard = series.shard()
  if (shard === undefined) return
  const text = spelled(exemplar)
  if (typeof text === 'string') {
    metric.context.leftOut(metric.identity, text)
    return
  }
  // A getter in it may have removed the series, or closed the registry.
  if (child.at === 0) return
  const { ref } = metric.family
  metric.context.guarded(() => {
    if (child.exemplars === 0) child.exemplars = metric.exemplarsOf(child)
    if (child.exemplars === 0) return false
    reserveExemplars(arena, ref, text.length)
    return keepExemplar(arena, shard, child.exemplars + nth, value, now() / 1000, text)
  }, false)
}

/** As spell(), for an exemplar whose getters may throw. */
function spelled(exemplar: Exemplar): Uint8Array | string {
  try {
    return spell(exemplar)
  } catch (error) {
    return thrown(error)
  }
}
