/** Labels of a push that metrics have themselves: said once for each metric, and counted. */
import type { Family } from '../../catalogue/families.js'
import { type Log, logEvent } from '../../common/log.js'
import type { PushSettings } from '../options/options.js'

/** What comes of it, by protocol. By OTLP they are attributes of the resource, which nothing clashes with. */
const CONSEQUENCE: Readonly<Partial<Record<PushSettings['protocol'], string>>> = {
  'remote-write': "the series' own value is pushed",
  pushgateway: 'the Pushgateway puts the value of the push in the place of its own',
}

const MOST_SAID = 100

export class LabelClashes {
  readonly #log: Log
  readonly #labels: readonly string[]
  readonly #consequence: string | undefined
  /** The registry's default labels, which all series have. */
  readonly #defaults: readonly string[]
  readonly #said = new Set<string>()

  constructor({ labels, protocol }: PushSettings, defaults: readonly string[], log: Log) {
    this.#log = log
    this.#labels = Object.keys(labels)
    this.#consequence = CONSEQUENCE[protocol]
    this.#defaults = defaults
  }

  /** Looks at the families that are pushed. Returns how many have a label of such a name. */
  look(families: readonly Family[]): number {
    if (this.#labels.length === 0 || this.#consequence === undefined) return 0
    let clashing = 0
    for (const { name, labelNames } of families) {
      const label = this.#labels.find(label => labelNames.includes(label) || this.#defaults.includes(label))
      if (label === undefined) continue
      clashing++
      this.#say(name, label)
    }
    return clashing
  }

  #say(metric: string, label: string): void {
    const key = this.#defaults.includes(label) ? label : metric
    if (this.#said.has(key) || this.#said.size >= MOST_SAID) return
    this.#said.add(key)
    const whose =
      key === label
        ? `the registry has a default label "${label}"`
        : `metric "${metric}" has a label "${label}"`
    const message = `push: ${whose}, as option "labels" has: ${this.#consequence}`
    logEvent(this.#log, { level: 'warn', code: 'push-label-clash', message })
  }
}
