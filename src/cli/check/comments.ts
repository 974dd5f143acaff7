/** Lines that begin with #: HELP, TYPE, UNIT, EOF, and those for people. */

import { textOf } from '../bytes/numbers.js'
import type { Format } from '../source/format.js'
import { type Fail, found } from './fail.js'
import { type Families, type Family, TYPES } from './families.js'
import { shown } from './findings.js'
import { isValidUtf8 } from './utf8.js'

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const OPENMETRICS = /^# (?:(?<eof>EOF)|(?<keyword>HELP|TYPE|UNIT) (?<name>[^ ]*)(?: (?<rest>.*))?)$/s
const TEXT = /^#[ \t]*(?:(?<keyword>HELP|TYPE)[ \t]+(?<name>[^ \t]*)[ \t]*(?<rest>.*))?/s
const TEXT_KEYWORD = /^#[ \t]*(HELP|TYPE)(?=[ \t]|$)/
/** What a help must not have: a backslash before something else. OpenMetrics leaves such ones as they are. */
const BAD_ESCAPE = /(?<!\\)(?:\\\\)*(\\(?:[^\\n]|$))/
/** Types that have no unit. */
const WITHOUT_UNIT = ['info', 'stateset']

/** Words for the types of the other format. */
const MEANT: Readonly<Record<string, string>> = {
  untyped: 'in OpenMetrics it is unknown',
  unknown: 'in text it is untyped',
}

export interface Comment {
  /** What it is of, and `undefined` for one that is for people or that cannot be read. */
  readonly family: Family | undefined
  readonly eof: boolean
}

const NONE: Comment = { family: undefined, eof: false }
const EOF: Comment = { family: undefined, eof: true }

export class Comments {
  readonly #format: Format
  readonly #families: Families
  readonly #fail: Fail
  line = 0

  constructor(format: Format, families: Families, fail: Fail) {
    this.#format = format
    this.#families = families
    this.#fail = fail
  }

  /** Reads a line from its # on. */
  read(bytes: Uint8Array, from: number, to: number): Comment {
    const text = textOf(bytes, from, to)
    const openMetrics = this.#format === 'openmetrics'
    const groups = (openMetrics ? OPENMETRICS : TEXT).exec(text)?.groups
    if (openMetrics && groups === undefined) {
      this.#fail(
        'comment',
        from,
        () => `expected # HELP, # TYPE, # UNIT or # EOF, found ${found(bytes, from)}`,
      )
      return NONE
    }
    const { eof, keyword, name, rest } = groups ?? {}
    if (eof !== undefined) return EOF
    if (keyword === undefined) {
      if (!openMetrics && TEXT_KEYWORD.test(text)) this.#fail('syntax', from, () => 'a name is missing')
      return NONE
    }
    const at = from + text.indexOf(keyword)
    if (name === undefined || !NAME.test(name)) {
      this.#fail('name', at, () => `${keyword} of ${shown(name ?? '')}, which is no name of a metric`)
      return NONE
    }
    if (!isValidUtf8(bytes, from, to)) this.#fail('utf8', at, () => `the ${keyword} of ${name} is no UTF-8`)
    if (openMetrics && rest === undefined)
      this.#fail('syntax', at, () => `expected a space behind the name ${name}`)
    const family = openMetrics
      ? (this.#families.get(name) ?? this.#families.of(name))
      : this.#families.of(name)
    if (family.shared) return { family, eof: false }
    if (keyword === 'HELP') this.#help(family, at, rest ?? '')
    else if (keyword === 'TYPE') this.#type(family, at, rest ?? '')
    else this.#unit(family, at, rest ?? '')
    return { family, eof: false }
  }

  #help(family: Family, at: number, help: string): void {
    if (family.helpLine > 0) this.#repeated('HELP', family, at, family.helpLine)
    family.helpLine ||= this.line
    if (help !== '') family.helped = true
    if (family.firstSample > 0) {
      const code = this.#format === 'text' ? 'late-help' : 'late'
      this.#fail(code, at, () => `HELP of ${family.name} stands behind its samples`)
    }
    const [, bad] = this.#format === 'text' ? (BAD_ESCAPE.exec(help) ?? []) : []
    if (bad !== undefined)
      this.#fail(
        'escape',
        at,
        () => String.raw`the help of ${family.name} has ${shown(bad)}: expected \\ or \n`,
      )
  }

  #type(family: Family, at: number, type: string): void {
    if (family.typeLine > 0) {
      this.#repeated('TYPE', family, at, family.typeLine)
      return
    }
    family.typeLine = this.line
    if (family.firstSample > 0)
      this.#fail('late', at, () => `TYPE of ${family.name} stands behind its samples`)
    if (TYPES[this.#format].includes(type)) {
      this.#families.retype(family, type)
      return
    }
    const meant = MEANT[type] ?? `expected one of ${TYPES[this.#format].join(', ')}`
    this.#fail('type', at, () => `${family.name} has the type ${shown(type)}: ${meant}`)
  }

  #unit(family: Family, at: number, unit: string): void {
    if (family.unitLine > 0) this.#repeated('UNIT', family, at, family.unitLine)
    family.unitLine ||= this.line
    family.unit = unit
    if (family.firstSample > 0)
      this.#fail('late', at, () => `UNIT of ${family.name} stands behind its samples`)
    if (unit !== '' && !family.name.endsWith(`_${unit}`))
      this.#fail(
        'unit',
        at,
        () => `${family.name} has the unit ${shown(unit)}, and its name does not end with it`,
      )
  }

  #repeated(keyword: string, { name }: Family, at: number, line: number): void {
    this.#fail('repeated', at, () => `a second ${keyword} of ${name}: the first is in line ${line}`)
  }
}

/** What a family's unit must not be, once its type is known. */
export function hasForbiddenUnit({ type, unit }: Family): boolean {
  return unit !== '' && WITHOUT_UNIT.includes(type ?? '')
}
