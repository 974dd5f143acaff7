/** Looks at texts, as at an endpoint: each with a time. */
import type { Figures } from '../../src/cli/top/figures.js'
import { type By, families, parts } from '../../src/cli/top/list.js'
import { Model } from '../../src/cli/top/look/model.js'
import { TextReader } from '../../src/cli/top/look/text-reader.js'

export class Looks {
  readonly model = new Model()
  #at = 0

  /** Looks two seconds behind the look before. Read in pieces of so many bytes. */
  look(text: string, { whole = true, piece = 2 ** 16 } = {}): this {
    this.#at += 2000
    this.model.begin(whole, this.#at)
    const reader = new TextReader(this.model)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece))
    reader.end()
    this.model.end()
    return this
  }

  family(name: string): Figures {
    const found = this.families().find(row => row.name === name)
    if (found === undefined) throw new Error(`there is no family ${name}`)
    return found
  }

  families(): Figures[] {
    return families(this.model)
  }

  parts(by?: By): Figures[] {
    return parts(this.model, by)
  }

  /** Name and one figure of each row. */
  part(figure: 'value' | 'rate' | 'series', by?: By): Record<string, number | undefined> {
    return Object.fromEntries(this.parts(by).map(row => [row.name, row[figure]]))
  }
}
