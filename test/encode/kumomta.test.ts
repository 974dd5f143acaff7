/** The example of KumoMTA's documentation of GET /metrics, made again through the public interface. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { fresh, samples } from '../support/registry.js'

const example = readFileSync(new URL('../../../test/encode/kumomta-example.txt', import.meta.url), 'utf8')

interface ExposedFamily {
  readonly help: string
  readonly type: string
  readonly lines: string[]
}

function families(text: string): Map<string, ExposedFamily> {
  const all = new Map<string, ExposedFamily>()
  let current: ExposedFamily | undefined
  for (const line of text.trimEnd().split('\n')) {
    const help = /^# HELP (\S+) (.*)$/.exec(line)
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    if (help !== null) current = { help: help[2], type: '', lines: [] }
    else if (type !== null) {
      current = { ...(current as ExposedFamily), type: type[2] }
      all.set(type[1], current)
    } else current?.lines.push(line)
  }
  return all
}

/** Observations that fall into the example's buckets and add up to its sums. */
const OBSERVED: Record<string, number[]> = {
  'dir-/var/log/kumomta': [],
  'hook-http://127.0.0.1:8008.tsa.kumomta': [],
  'context-creation': [0.0055, 0.006, 0.005753747],
  init: [0.442427973],
  'kumo.tsa.suspension.subscriber': [],
}

t.test('the example comes out byte for byte', async t => {
  const { registry } = fresh(t)
  const exposed = families(example)
  t.equal(exposed.size, example.match(/^# HELP /gm)?.length, 'families in the example')
  t.ok(samples(example).length > 100)
  // Registered in the reverse of the order that they are exposed in.
  for (const [name, { help, type, lines }] of [...exposed].reverse()) {
    const label = /\{(\w+)="/.exec(lines[0])?.[1]
    if (type === 'histogram') {
      const histogram = registry.histogram({
        name,
        help,
        labelNames: [label as string],
      })
      for (const line of lines) {
        const count = /_count\{\w+="([^"]*)"\}/.exec(line)
        if (count === null) continue
        const child = histogram.labels(count[1])
        for (const seconds of OBSERVED[count[1]]) child.observe(seconds)
      }
      continue
    }
    const options = {
      name,
      help,
      labelNames: label === undefined ? [] : [label],
    }
    const metric = type === 'counter' ? registry.counter(options) : registry.gauge(options)
    for (const line of lines) {
      const [, value, number] = /^\w+(?:\{\w+="([^"]*)"\})? (\S+)$/.exec(line) as string[]
      metric.labels(...(value === undefined ? [] : [value])).inc(Number(number))
    }
  }
  t.equal(await registry.metrics(), example)
  t.equal(await registry.metrics({ prefix: 'kumomta_' }), prefixed('kumomta_'))
})

function prefixed(prefix: string): string {
  return example
    .replace(/^(# (?:HELP|TYPE) )?/gm, (_, head = '') => `${head}${prefix}`)
    .slice(0, -prefix.length)
}
