/**
 * The files as a user starts them: a Prometheus with docs' own configuration and rules scrapes two sample mail servers, and
 * has an answer to each query of the dashboard and of the rules. Each panel is drawn from its answers.
 * POSTMETER_PICTURES=FOLDER keeps the pictures, drawn over a longer time.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { startMta, sumOf } from '../prometheus/mta.js'
import { PrometheusServer } from '../prometheus/server.js'
import { neededOrSkip } from '../support/need.js'
import { fresh } from '../support/registry.js'
import { type Drawn, draw, legendOf } from './draw.js'
import { ALERTS, dashboard, RECORDING, read, wholeConfig } from './files.js'
import { figuresOf, filledIn, namesIn, partsOf } from './queries.js'

const pictures = process.env.POSTMETER_PICTURES
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** What Prometheus itself adds. */
const PROMETHEUS = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'ALERTS']

/** Docs' configuration with other targets, of which the second is asked for a prefix; and looked at each second. */
function configFor(whole: string, prefixed: string): string {
  const targets = `["${whole}"]\n      - targets: ["${prefixed}"]\n        labels: { __param_prefix: kumomta_ }`
  return wholeConfig()
    .replaceAll('_interval: 15s', '_interval: 1s')
    .replace('["127.0.0.1:8000"]', targets)
    .replace(/^alerting:.*/ms, '')
}

/** One server with mail that is put off and refused and a source that fails, and one whose registry has no room for all of its series. */
async function startServers(t: Test) {
  const mail = '--rate 60 --domains 60 --retry 0.5 --defer 0.2 --refuse 0.1 --unplumbed'
  const whole = await startMta(t, ...mail.split(' '))
  const full = await startMta(t, ...'--rate 20 --domains 60 --workers 1 --max-series 150'.split(' '))
  for (const { url } of [whole, full]) {
    const refused = await fetch(url, { headers: { authorization: 'Basic x' } })
    t.equal(refused.status, 403, 'and there is a request that was refused')
  }
  return [whole.url, full.url] as const
}

t.test('every query has an answer', { timeout: 170_000 }, async t => {
  const programs = await neededOrSkip(t, 'Prometheus 3.5', needPrometheus3)
  if (!programs) return
  const urls = await startServers(t)
  const [whole, full] = urls.map(url => new URL(url).host) as [string, string]
  const server = await PrometheusServer.startWith(t, programs.prometheus, {
    'prometheus.yml': configFor(whole, full),
    [RECORDING]: read(RECORDING),
    [ALERTS]: read(ALERTS),
  })
  await server.up(2)
  const rules = await server.rules()
  const alerts = rules.filter(({ type }) => type === 'alerting')
  t.match({ alerts: alerts.length, all: rules.length }, { alerts: 18, all: 42 })

  const queries = new Map<string, string>()
  for (const { title, targets = [] } of panels) {
    for (const { refId, expr } of targets) queries.set(`panel ${title} ${refId}`, filledIn(expr))
  }
  for (const { type, name, query } of rules) {
    if (type === 'recording') queries.set(name, query)
    else for (const [at, figure] of figuresOf(query).entries()) queries.set(`alert ${name} ${at}`, figure)
  }

  await t.test('of series that are exposed', async t => {
    const expositions = await Promise.all(urls.map(async url => (await fetch(url)).text()))
    // A sample MTA is one process; these come with a registry that several share.
    const { registry } = fresh(t, { memory: '4MiB', shared: true })
    const shared = await registry.metrics({ selfMetrics: true })
    const known = new Set([...PROMETHEUS, ...rules.map(({ name }) => name)])
    for (const [, name, type] of [...expositions, shared].join('\n').matchAll(/^# TYPE (\S+) (\w+)$/gm)) {
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
        known.add(name + suffix)
    }
    for (const [what, query] of queries) {
      for (const name of namesIn(await server.parse(query))) {
        t.ok(
          [...known].some(one => name.test(one)),
          `${what}: ${name}`,
        )
      }
    }
  })

  await t.test('of the figures alone, where an alert compares them', async t => {
    for (const [what, query] of queries) {
      if (!what.startsWith('alert')) continue
      const parts = partsOf(await server.parse(query))
      const compared = parts.filter(
        ({ op, func }) => /^([<>]=?|[!=]=|and|or|unless)$/.test(op ?? '') || func?.name === 'absent',
      )
      t.strictSame(compared, [], `${what}: ${query}`)
    }
  })

  await t.test('which is a number', async t => {
    for (const [what, query] of queries) {
      const answers = await server.until(`${what} has an answer: ${query}`, async () => {
        const numbers = (await server.query(query)).filter(({ value }) => Number.isFinite(Number(value?.[1])))
        return numbers.length > 0 ? numbers.length : undefined
      })
      t.ok(answers > 0, `${what}: ${answers}`)
    }
  })

  await t.test('and the variables have values', async t => {
    for (const { name, type, query } of dashboard.templating.list) {
      if (type !== 'query' || typeof query === 'string') continue
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query.query)!
      const values = await server.labelValues(label!, filledIn(selector!))
      if (name === 'job') t.strictSame(values, ['mail'])
      else if (name === 'instance') t.strictSame(values, [whole, full].sort())
      else t.ok(values.includes('bigmail') && values.length > 5, `${values.length} providers`)
    }
  })

  await t.test("and is what the server's own figures say", async t => {
    const direct = async () => {
      const text = await (await fetch(urls[0])).text()
      const by = (name: string) => sumOf(text, name)
      return {
        classes: by('total_messages_fail_by_class'),
        delivered: by('total_messages_delivered_by_provider'),
      }
    }
    const asked = {
      classes: `sum(total_messages_fail_by_class{instance="${whole}"})`,
      delivered: `sum(total_messages_delivered_by_provider{instance="${whole}"})`,
    }
    const before = await direct()
    for (const name of ['classes', 'delivered'] as const) {
      const answer = await server.until(`${asked[name]} is ${before[name]} or more`, async () => {
        const value = await server.value(asked[name])
        return value !== undefined && value >= before[name] ? value : undefined
      })
      const after = (await direct())[name]
      t.ok(answer <= after, `${name}: ${before[name]} before, ${answer}, ${after} after`)
    }
    for (const ratio of rules.filter(({ name }) => name.includes(':ratio'))) {
      const values = (await server.query(ratio.name)).map(({ value }) => Number(value![1]))
      t.ok(values.length > 0 && values.every(value => value >= 0 && value <= 1), `${ratio.name}: ${values}`)
    }
    const shares = `sum by (instance) (job_instance_class:messages_fail:ratio_rate5m{instance="${whole}"})`
    const share = (await server.value(shares))!
    t.ok(share > 0.01 && share < 0.6, `${share} of what left are bounces`)
  })

  await t.test('and the source without an address is seen to fail, and the others are not', async t => {
    const of = (metric: string, source: string) =>
      server.value(`sum(${metric}{instance="${whole}", source="${source}"})`)
    for (const metric of ['egress_source_connection_failures_total', 'egress_source_health_suspended']) {
      const failed = await server.until(`${metric} of mx-out-3`, async () => {
        const value = await of(metric, 'mx-out-3')
        return value !== undefined && value > 0 ? value : undefined
      })
      t.ok(failed > 0, `${metric}: ${failed}`)
      t.equal(await of(metric, 'mx-out-1'), 0)
    }
    await server.until('the alert is pending', async () => {
      const all = (await server.rules()).find(({ name }) => name === 'MailEgressSourceSuspended')!.alerts!
      return all.some(({ labels }) => labels.instance === whole && labels.source === 'mx-out-3') || undefined
    })
  })

  await t.test('and the alert of dropped updates fires for the server that drops some', async t => {
    const fired = await server.until('it fires', async () => {
      const firing = (await server.rules()).flatMap(({ name, alerts: all = [] }) =>
        all.filter(({ state }) => state === 'firing').map(alert => ({ name, ...alert })),
      )
      return firing.length > 0 ? firing : undefined
    })
    for (const { name, labels, annotations } of fired) {
      t.match(
        { name, labels },
        { name: 'PostmeterUpdatesDropped', labels: { instance: full, reason: 'series' } },
      )
      t.match(annotations.description, /^[1-9]\d* updates could not be recorded: series\.$/)
    }
  })

  await t.test('and no rule fails', async t => {
    for (const { name, health, lastError } of await server.rules()) {
      t.equal(health, 'ok', `${name} ${lastError ?? ''}`)
    }
  })

  await t.test('of which each panel can be drawn', async t => {
    const enough = pictures === undefined ? 10 : 75
    const scrapes = 'min(count_over_time(up[10m]))'
    await server.until(
      `there are ${enough} scrapes`,
      async () => {
        return ((await server.value(scrapes)) ?? 0) >= enough || undefined
      },
      120_000,
    )
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
    const end = (await server.value('vector(time())'))!
    for (const panel of panels) {
      const lines: Drawn[] = []
      for (const { expr, legendFormat } of panel.targets ?? []) {
        for (const { metric, values } of await server.range(filledIn(expr), end - enough, end, 1)) {
          lines.push({ legend: legendOf(legendFormat, metric), points: values })
        }
      }
      const svg = await draw(panel, lines, end)
      t.match(
        svg,
        /class="mark-(line|area) [^>]*>.*?<path [^>]*d="M[^"]+L/,
        `${panel.title}: ${lines.length} lines`,
      )
      t.ok(
        lines.every(({ legend }) => legend.trim() !== ''),
        `${panel.title}: each has a legend`,
      )
      if (pictures !== undefined) writeFileSync(join(pictures, `${panel.id}.svg`), svg)
    }
  })
})
