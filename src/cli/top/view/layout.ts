/** What stands on the screen: lines of texts with a style each, of which none is wider than the screen. */
import { cells, clean, fit, fitRight } from '../clean.js'
import type { Figures } from '../figures.js'
import { cellsOf } from '../plain.js'
import { spark } from '../spark.js'
import { bytes, inUnit, plain } from '../units.js'
import { type Column, columnsOf } from './columns.js'
import { HELP } from './keys.js'
import type { ViewState } from './state.js'

export type Style = 'plain' | 'title' | 'dim' | 'head' | 'sorted' | 'selected' | 'bad' | 'spark' | 'main'

export interface Text {
  readonly text: string
  readonly style: Style
}

export type Line = readonly Text[]

export interface Size {
  readonly width: number
  readonly height: number
}

/** How the last looks went. */
export interface Status {
  readonly source: string
  /** Milliseconds since the last look that went well. */
  readonly age: number
  readonly bytes: number
  readonly milliseconds: number
  /** Why there is none now. */
  readonly failure: string | undefined
}

/** Lines above the rows, and below them, on a screen of some height. */
function around(height: number): { title: boolean; info: boolean; head: boolean; foot: boolean } {
  return { title: height >= 3, info: height >= 8, head: height >= 5, foot: height >= 4 }
}

/** How many rows there is room for. */
export function pageOf({ height }: Size): number {
  const lines = Object.values(around(height)).filter(Boolean).length
  return Math.max(1, height - lines)
}

export function layout(state: ViewState, status: Status, size: Size, ascii: boolean): Line[] {
  const { title, info, head, foot } = around(size.height)
  const page = pageOf(size)
  state.show(page)
  const columns = columnsOf(size.width, state.family?.type)
  const lines: Line[] = []
  if (title) lines.push(titleOf(state, status, ascii))
  if (info) lines.push(infoOf(state, status))
  if (head) lines.push(state.isHelp ? [] : headOf(state, columns, ascii))
  lines.push(...(state.isHelp ? helpOf(page) : rowsOf(state, columns, page, ascii)))
  if (foot) {
    while (lines.length < size.height - 1) lines.push([])
    lines.push(footOf(state, status, info))
  }
  return lines.slice(0, size.height).map(line => cut(line, size.width, ascii))
}

function titleOf(state: ViewState, { source, age, bytes: read, milliseconds }: Status, ascii: boolean): Line {
  const { model } = state
  const middle = ascii ? ', ' : ' · '
  const facts = [
    age < 1000 ? 'just now' : `${inUnit(Math.floor(age / 1000), 'seconds')} ago`,
    `${bytes(read)} in ${inUnit(milliseconds / 1000, 'seconds')}`,
    `${plain(model.samples)} lines`,
  ]
  if (model.bad > 0) facts.push(`${model.bad} cannot be read: see postmeter check`)
  if (model.beyond > 0) facts.push(`${plain(model.beyond)} too many, not shown`)
  return [
    { text: source, style: 'title' },
    { text: `  ${facts.join(middle)}`, style: 'dim' },
    ...(state.isPaused ? [{ text: '  PAUSED', style: 'bad' } as const] : []),
  ]
}

function infoOf(state: ViewState, { failure }: Status): Line {
  if (failure !== undefined) return [{ text: failure, style: 'bad' }]
  const { family, rows, model, by } = state
  const filter = model.filter.isAll ? '' : `  filter: ${model.filter.text}`
  if (family === undefined)
    return [{ text: `${rows.length} ${rows.length === 1 ? 'family' : 'families'}${filter}`, style: 'dim' }]
  const beyond = model.opened!.beyond
  const what = by === undefined ? `${rows.length} series` : `${rows.length} values of ${by}`
  const more = beyond === 0 ? '' : `, ${beyond} lines of more`
  return [
    { text: family.name, style: 'title' },
    { text: ` (${family.type}): ${what}${more}${filter}  ${family.help}`, style: 'dim' },
  ]
}

function headOf(state: ViewState, columns: readonly Column[], ascii: boolean): Line {
  const { reversed } = state.order
  const [down, up] = ascii ? ['v', '^'] : ['▼', '▲']
  return columns.flatMap(({ key, head, width, right }, n): Text[] => {
    const isSorted = key === state.sortKey
    const name = key === 'name' && state.by !== undefined ? state.by : head
    // Texts begin with A, figures with the greatest.
    const isRising = (key === 'name' || key === 'type') !== reversed
    const text = clean(isSorted ? name + (isRising ? up : down) : name, ascii)
    return [
      ...between(n),
      { text: (right ? fitRight : fit)(text, width), style: isSorted ? 'sorted' : 'head' },
    ]
  })
}

function rowsOf(state: ViewState, columns: readonly Column[], page: number, ascii: boolean): Line[] {
  const { rows, first, selected } = state
  if (rows.length === 0) return [[{ text: emptyOf(state), style: 'dim' }]]
  return rows.slice(first, first + page).map((row, n) => {
    const isSelected = first + n === selected
    return rowOf(row, state.history(row), columns, ascii).map(text =>
      isSelected ? { ...text, style: 'selected' as const } : text,
    )
  })
}

function emptyOf({ family, model }: ViewState): string {
  if (!model.filter.isAll) return 'nothing passes the filter'
  if (family === undefined) return 'there are no series'
  return family.look === 0 ? `there is no family ${family.name}` : 'looking...'
}

const CELLS = ['name', 'type', 'series', 'value', 'rate', 'p50', 'p90', 'p99'] as const

function rowOf(row: Figures, history: readonly number[], columns: readonly Column[], ascii: boolean): Line {
  const texts = cellsOf(row)
  return columns.flatMap(({ key, width, right }, n): Text[] => {
    if (key === 'spark') return [...between(n), { text: spark(history, width, ascii), style: 'spark' }]
    const text = clean(texts[CELLS.indexOf(key)]!, ascii)
    const end = ascii ? '~' : '…'
    return [...between(n), { text: (right ? fitRight : fit)(text, width, end), style: styleOf(key, row) }]
  })
}

function styleOf(key: Column['key'], { rate }: Figures): Style {
  if (key === 'name') return 'plain'
  if (key === 'type' || key === 'series') return 'dim'
  return key === (rate === undefined ? 'value' : 'rate') ? 'main' : 'plain'
}

function between(n: number): Text[] {
  return n === 0 ? [] : [{ text: ' ', style: 'plain' }]
}

function helpOf(page: number): Line[] {
  const width = Math.max(...HELP.map(([keys]) => keys.length))
  return HELP.slice(0, page).map(([keys, what]) => [
    { text: keys.padEnd(width + 2), style: 'main' },
    { text: what, style: 'plain' },
  ])
}

function footOf(state: ViewState, { failure }: Status, hasInfo: boolean): Line {
  if (state.typing !== undefined)
    return [
      { text: `/${state.typing}`, style: 'main' },
      { text: ' ', style: 'selected' },
    ]
  if (failure !== undefined && !hasInfo) return [{ text: failure, style: 'bad' }]
  const keys = state.family === undefined ? 'Enter opens' : 'Esc back  l by label'
  return [{ text: `q quits  ? keys  / filters  s sorts  r reverses  ${keys}  p pauses`, style: 'dim' }]
}

/** Cleans a line, and leaves out what goes beyond its end. */
function cut(line: Line, width: number, ascii: boolean): Line {
  const kept: Text[] = []
  let left = width
  for (const { text, style } of line) {
    if (left <= 0) break
    const shown = clean(text, ascii)
    const whole = cells(shown) <= left ? shown : fit(shown, left, ascii ? '~' : '…')
    kept.push({ text: whole, style })
    left -= cells(whole)
  }
  return kept
}
