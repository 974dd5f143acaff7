/** Exemplars: labels of one event, such as its trace, beside the count that it is in. OpenMetrics 1.0, 'Exemplars'. */
import { escapeLabelValue, isLabelName } from '../catalogue/names.js'
import { show, thrown, typeError } from '../common/errors.js'
import { keepExemplar, reserveExemplars } from '../memory/exemplars.js'
import { MAX_EXEMPLAR_CHARACTERS } from '../memory/layout.js'
import type { Child, LabelValue } from './metric.js'

/**
 * Label names and values, 128 characters in all at most; one that has more, or a value that is missing, is left out,
 * which is said once for each metric. `{ trace_id: '…' }` is what Prometheus' readers link by.
 */
export type Exemplar = { readonly [name: string]: LabelValue }

const encoder = new TextEncoder()

/**
 * Refuses what can be no exemplar whatever it holds: that is how the call is written. What an exemplar holds is another
 * matter: ids of messages and traces come from the network, and are missing where nothing was sampled. So nothing in it
 * is thrown for, and nothing costs the count: see attachExemplar.
 * @throws TypeError that names it, before anything is counted.
 */
export function checkExemplar(metric: string, exemplar: unknown): void {
  // A Map has no labels to be seen here.
  if (Object.prototype.toString.call(exemplar) !== '[object Object]') {
    throw typeError(
      'ERR_POSTMETER_VALUE',
      `metric "${metric}": exemplar ${show(exemplar)} is not an object of labels`,
    )
  }
}

const TOO_LONG = `its names and values have more than ${MAX_EXEMPLAR_CHARACTERS} characters`

/** An exemplar as formats spell it, or why there is none: no more of it is looked at than may be in one. */
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
    // Code points may be half as many as units.
    if (value.length > 2 * MAX_EXEMPLAR_CHARACTERS) return TOO_LONG
    characters += characterCount(value)
    if (characters > MAX_EXEMPLAR_CHARACTERS) return TOO_LONG
    // Prometheus takes a NUL for the end there, though not in a series' labels, and refuses the whole scrape.
    const escaped = escapeLabelValue(value.toWellFormed().replaceAll('\0', '\ufffd'))
    text += `${text === '' ? '' : ','}${name}="${escaped}"`
  }
  return encoder.encode(text)
}

/** As labels' values. */
const LABEL_TYPES = ['string', 'number', 'boolean', 'bigint']

/** Unicode code points. */
function characterCount(text: string): number {
  let count = text.length
  for (let n = 0; n < text.length; n++) if ((text.charCodeAt(n) & 0xfc00) === 0xdc00) count--
  return count
}

/**
 * Keeps the exemplar of what a child has just recorded, on the nth of its lines that can have one. What is unfit is left
 * out, and so is any where memory is full: it has been counted, and throws no more.
 */
export function attachExemplar(child: Child, nth: number, value: number, exemplar: Exemplar): void {
  const { metric } = child
  const { arena, series, now } = metric.context
  const shard = series.shard()
  // Dropped, and counted so.
  if (child.at === 0 || shard === undefined || metric.family === undefined) return
  const text = spelled(exemplar)
  if (typeof text === 'string') {
    metric.context.leftOut(metric.identity, text)
    return
  }
  if (child.exemplars === 0) child.exemplars = metric.exemplarsOf(child)
  if (child.exemplars === 0) return
  reserveExemplars(arena, metric.family.ref, text.length)
  keepExemplar(arena, shard, child.exemplars + nth, value, now() / 1000, text)
}

/** As spell, of what can have getters that throw. */
function spelled(exemplar: Exemplar): Uint8Array | string {
  try {
    return spell(exemplar)
  } catch (error) {
    return thrown(error)
  }
}
