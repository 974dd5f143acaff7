/** Texts with some bytes, or lines, changed at random: nearly expositions. */

const PIECES = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    ',',
    '=',
    ' ',
    '\t',
    '#',
    '\n',
    '\r',
    '.',
    '-',
    '+',
    'e',
    'x',
    '_',
    ':',
    'é',
    '\0',
    '1',
    '9',
  ],
  ...[
    'NaN',
    '+Inf',
    'inf',
    '1e5',
    '0x1p3',
    '1_0',
    '# TYPE ',
    '# HELP ',
    '# EOF\n',
    ' 1700000000000',
    ' # {a="b"} 1',
  ],
  ...[
    '_total',
    '_bucket',
    '_sum',
    '_count',
    '_ms',
    'seconds',
    'Case',
    'le="1"',
    'quantile="0.5"',
    '\\n',
    '\\x',
  ],
]

/** The state of a small generator of random numbers: the same texts for the same seed. */
export class Mutations {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let z = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!
  }

  /** One of the texts, changed in one to three places. */
  mutated(texts: readonly string[]): string {
    let text = this.of(texts)
    for (let n = this.below(3); n >= 0; n--) text = this.#change(text)
    return text
  }

  #change(text: string): string {
    const at = this.below(text.length + 1)
    const [before, after] = [text.slice(0, at), text.slice(at)]
    const lines = text.split('\n')
    switch (this.below(6)) {
      case 0:
        return before + this.of(PIECES) + after
      case 1:
        return before + after.slice(1)
      case 2:
        return before + this.of(PIECES) + after.slice(1)
      case 3:
        return lines.toSpliced(this.below(lines.length), 1).join('\n')
      case 4:
        return lines.toSpliced(this.below(lines.length), 0, this.of(lines)).join('\n')
      default:
        return before + after.slice(this.below(8))
    }
  }
}
