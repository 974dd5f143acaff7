import { CODES, type Code, type Severity } from './codes.js'

export interface Finding {
  readonly severity: Severity
  readonly code: Code
  /** From 1; 0 where it is of no line. */
  readonly line: number
  /** In characters, from 1; 0 where it is of the whole line. */
  readonly column: number
  readonly family: string | undefined
  readonly message: string
}

/** What was found. Of each code the first ones are kept, the others counted. */
export class Findings {
  /** Of each code. */
  readonly most: number
  readonly #kept: Finding[] = []
  readonly counts = new Map<Code, number>()
  errors = 0
  remarks = 0

  constructor(most: number) {
    this.most = most
  }

  /** `message` is called only where it is kept: a hostile text can have a fault in each line. */
  add(code: Code, line: number, column: number, family: string | undefined, message: () => string): void {
    const count = (this.counts.get(code) ?? 0) + 1
    this.counts.set(code, count)
    const [severity] = CODES[code]
    if (severity === 'error') this.errors++
    else this.remarks++
    if (count <= this.most) this.#kept.push({ severity, code, line, column, family, message: message() })
  }

  /** By line; what is of no line comes last. */
  get kept(): readonly Finding[] {
    const place = ({ line }: Finding) => (line === 0 ? Number.POSITIVE_INFINITY : line)
    return [...this.#kept].sort((a, b) => {
      if (a.severity !== b.severity) return a.severity === 'error' ? -1 : 1
      return place(a) === place(b) ? a.column - b.column : place(a) - place(b)
    })
  }
}

/** A text of a stranger, short and on one line. */
export function shown(text: string, most = 60): string {
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text)
}
