/**
 * An exposition that another library has written in the text format 0.0.4, checked and taken apart into its families, so
 * that it can stand behind others. A family with a fault is left out whole: one bad line has a reader refuse everything.
 * The rules are those of 'Text format details' and of Prometheus' own parsers.
 */

export interface TextFamily {
  readonly name: string
  /** The comment lines before its samples, without the name: `HELP` and `TYPE`, and what follows the name. */
  readonly head: readonly (readonly [keyword: string, rest: string])[]
  readonly samples: readonly TextSample[]
}

export interface TextSample {
  readonly name: string
  /** What follows the name, with spaces where all readers take them: labels, value and time. */
  readonly rest: string
}

export interface Fault {
  /** From 1. */
  readonly line: number
  /** The family that is left out; undefined where the line is of none, and is left out alone. */
  readonly family: string | undefined
  readonly why: string
}

export interface CheckedText {
  /** In the order of their first lines, each in one piece. */
  readonly families: readonly TextFamily[]
  /** The first of each family. */
  readonly faults: readonly Fault[]
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\[\\"n])*)"[ \t]*(,?)/y
const LABELS_END = /[ \t]*\}/y
const COMMENT = /^#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(.*)$/
const FLOAT = String.raw`[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?)|nan`
const NUMBER = new RegExp(`^(?:${FLOAT})$`, 'i')
/** A value, and perhaps a time. */
const VALUE = new RegExp(String.raw`[ \t]*(${FLOAT})(?:[ \t]+(-?\d+))?[ \t]*$`, 'iy')
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
/** What the names of a family's lines have behind its own. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}
/** The label whose value is a number, and which lines must have it. */
const OWN_LABELS: Readonly<Record<string, { readonly label: string; readonly suffix: string }>> = {
  histogram: { label: 'le', suffix: '_bucket' },
  summary: { label: 'quantile', suffix: '' },
}
const PLAIN: readonly string[] = ['']

class Reading {
  readonly name: string
  readonly head: [keyword: string, rest: string][] = []
  readonly samples: TextSample[] = []
  readonly series = new Set<string>()
  /** Where it begins. */
  readonly line: number
  type: string | undefined

  constructor(name: string, line: number) {
    this.name = name
    this.line = line
  }

  has(line: string): boolean {
    if (!line.startsWith(this.name)) return false
    return (SUFFIXES[this.type ?? ''] ?? PLAIN).includes(line.slice(this.name.length))
  }
}

/** Checks a text. Takes about two microseconds a line. */
export function checkText(text: string): CheckedText {
  return new Checker().check(text)
}

class Checker {
  readonly #families = new Map<string, Reading>()
  readonly #faults: Fault[] = []
  readonly #faulty = new Set<string>()
  /** That of the last comment: lines follow it. */
  #current: Reading | undefined
  #line = 0

  check(text: string): CheckedText {
    for (let at = 0; at < text.length; ) {
      let end = text.indexOf('\n', at)
      if (end < 0) end = text.length
      this.#line++
      const line = text.slice(at, end)
      if (line.startsWith('#')) this.#comment(line)
      else if (line.trim() !== '') this.#sample(line)
      at = end + 1
    }
    for (const { name, type } of this.#families.values()) {
      // A reader takes its lines for those of the first one.
      for (const suffix of SUFFIXES[type ?? ''] ?? []) {
        const other = suffix === '' ? undefined : this.#families.get(name + suffix)
        if (other !== undefined) this.#fault(other.name, `has the name of a line of "${name}"`, other.line)
      }
    }
    const families = [...this.#families.values()].filter(({ name }) => !this.#faulty.has(name))
    // Else a reader could take its lines for those of the family before.
    for (const { type, head } of families) if (type === undefined) head.push(['TYPE', 'untyped'])
    return { families, faults: this.#faults }
  }

  #fault(family: string | undefined, why: string, line = this.#line): void {
    if (family !== undefined && this.#faulty.has(family)) return
    if (family !== undefined) this.#faulty.add(family)
    this.#faults.push({ line, family, why })
  }

  /** Other comments are for people, and are left out. */
  #comment(line: string): void {
    const [, keyword, name, rest] = COMMENT.exec(line) ?? []
    if (keyword === undefined) return
    const family = this.#family(name!)
    this.#current = family
    if (family.head.some(([known]) => known === keyword)) this.#fault(name, `has a second ${keyword}`)
    // Some readers refuse a help for an escape that there is not, and a type for a space behind it.
    const spelled = rest!.trimEnd().replaceAll(/\\(\\|n)?/g, found => (found.length === 1 ? '\\\\' : found))
    family.head.push([keyword, spelled])
    if (keyword !== 'TYPE') return
    if (!TYPES.includes(spelled)) this.#fault(name, `has the type ${JSON.stringify(spelled)}`)
    if (family.samples.length > 0) this.#fault(name, 'has its TYPE behind samples')
    family.type = spelled
  }

  #family(name: string): Reading {
    let family = this.#families.get(name)
    if (family === undefined) {
      family = new Reading(name, this.#line)
      this.#families.set(name, family)
    }
    return family
  }

  /** Whose line it is: that of the last comment, the one of its own name, or the one whose suffix it has. */
  #owner(name: string): Reading {
    if (this.#current?.has(name)) return this.#current
    if (this.#families.has(name)) return this.#family(name)
    for (const suffix of ['_bucket', '_sum', '_count']) {
      if (!name.endsWith(suffix)) continue
      const family = this.#families.get(name.slice(0, -suffix.length))
      if (family?.has(name)) return family
    }
    return this.#family(name)
  }

  #sample(line: string): void {
    NAME.lastIndex = 0
    const [name] = NAME.exec(line) ?? []
    if (name === undefined) {
      this.#fault(undefined, 'is no line of a metric')
      return
    }
    const family = this.#owner(name)
    const labels: Label[] = []
    let ordered = true
    let at = name.length
    while (line[at] === ' ' || line[at] === '\t') at++
    if (line[at] === '{') {
      at++
      let comma = true
      for (;;) {
        LABEL.lastIndex = at
        const label: RegExpExecArray | null = comma ? LABEL.exec(line) : null
        if (label === null) break
        const [, name, value] = label as unknown as [string, string, string]
        if (labels.some(known => known.name === name)) this.#fault(family.name, `has label "${name}" twice`)
        if (labels.length > 0 && name < labels[labels.length - 1]!.name) ordered = false
        labels.push({ name, value })
        comma = label[3] !== ''
        at = LABEL.lastIndex
      }
      LABELS_END.lastIndex = at
      if (!LABELS_END.test(line)) {
        this.#fault(family.name, 'has labels that cannot be read')
        return
      }
      at = LABELS_END.lastIndex
    } else if (at === name.length) {
      this.#fault(family.name, 'has a line without a value')
      return
    }
    VALUE.lastIndex = at
    const [, value, time] = VALUE.exec(line) ?? []
    if (value === undefined) {
      this.#fault(family.name, `has the value ${JSON.stringify(line.slice(at).trim().slice(0, 40))}`)
      return
    }
    this.#add(family, name, labels, ordered, time === undefined ? value : `${value} ${time}`)
  }

  #add(family: Reading, name: string, labels: readonly Label[], ordered: boolean, value: string): void {
    if (!family.has(name)) this.#fault(family.name, `is a ${family.type}, and has a line ${name}`)
    const own = family.type === undefined ? undefined : OWN_LABELS[family.type]
    if (own !== undefined) {
      const bound = labels.find(label => label.name === own.label)?.value
      const needed = name === family.name + own.suffix
      if (bound === undefined ? needed : !NUMBER.test(bound))
        this.#fault(family.name, `has a line without a number as its ${own.label}`)
    }
    const set = spell(labels)
    const series = name + (ordered ? set : spell([...labels].sort((a, b) => (a.name < b.name ? -1 : 1))))
    if (family.series.has(series)) this.#fault(family.name, 'has a series twice')
    family.series.add(series)
    family.samples.push({ name, rest: `${set} ${value}` })
  }
}

interface Label {
  readonly name: string
  /** As it is spelled. */
  readonly value: string
}

function spell(labels: readonly Label[]): string {
  if (labels.length === 0) return ''
  let text = ''
  for (const { name, value } of labels) text += `${text === '' ? '{' : ','}${name}="${value}"`
  return `${text}}`
}
