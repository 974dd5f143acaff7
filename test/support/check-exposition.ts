import { Buffer } from 'node:buffer'

/** Follows scrapes of one registry and notes what no reader may ever see. */
export class Watcher {
  readonly wrong: string[] = []
  scrapes = 0
  series = 0
  readonly #before = new Map<string, number>()

  /** Takes one whole exposition; counters and histograms must not have fallen, and all must be in order. */
  take(text: string): void {
    this.scrapes++
    this.series = 0
    const types = new Map<string, string>()
    const seen = new Set<string>()
    let family = ''
    let cumulative = 0
    let infinite = Number.NaN
    let bound = Number.NEGATIVE_INFINITY
    if (!text.endsWith('\n')) this.#note('the last line is not ended')
    for (const line of text.split('\n').slice(0, -1)) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line)
      if (type !== null) {
        if (types.has(type[1])) this.#note(`${type[1]} is exposed twice`)
        types.set(type[1], type[2])
        family = type[1]
        continue
      }
      if (line.startsWith('# HELP ')) continue
      const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[^"}]|"(?:[^"\\\n]|\\.)*")*\})? (\S+)$/.exec(line)
      if (sample === null) {
        this.#note(`no sample: ${line}`)
        continue
      }
      const [, name, labels = '', spelled] = sample
      const value = Number(spelled)
      const key = name + labels
      this.series++
      if (seen.has(key)) this.#note(`${key} is exposed twice`)
      seen.add(key)
      if (!name.startsWith(family)) this.#note(`${key} stands under ${family}`)
      const kind = types.get(family)
      if (kind !== 'gauge' && !name.endsWith('_sum')) {
        const before = this.#before.get(key)
        if (!(value >= (before ?? 0))) this.#note(`${key} fell from ${before} to ${value}`)
        this.#before.set(key, value)
      }
      if (kind !== 'histogram') continue
      if (name.endsWith('_bucket')) {
        const le = /le="([^"]*)"/.exec(labels)?.[1] ?? ''
        const next = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
        if (!(next > bound)) [bound, cumulative] = [Number.NEGATIVE_INFINITY, 0]
        if (value < cumulative) this.#note(`${key}: ${value} after ${cumulative}`)
        ;[bound, cumulative] = [next, value]
        if (le === '+Inf') infinite = value
      } else if (name.endsWith('_count')) {
        if (value !== infinite) this.#note(`${key}: ${value}, but +Inf is ${infinite}`)
        bound = Number.NEGATIVE_INFINITY
        cumulative = 0
      }
    }
    for (const key of this.#before.keys()) if (!seen.has(key)) this.#note(`${key} is gone`)
  }

  #note(what: string): void {
    if (this.wrong.length < 20) this.wrong.push(`scrape ${this.scrapes}: ${what}`)
  }
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
