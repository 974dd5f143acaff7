/** VictoriaMetrics scrapes by itself and through vmagent, and its query API returns what was recorded. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { needVictoriaMetrics } from '../../scripts/need-victoria-metrics.js'
import { serve } from '../../src/index.js'
import { SEED } from '../support/arbitrary.js'
import { Daemon } from '../support/daemon.js'
import { everythingAnd } from '../support/everything.js'
import { type ExpectedLines, expectedFamilies, openMetricsLines, textLines } from '../support/expected.js'
import { neededOrSkip } from '../support/need.js'
import { record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import { checkNumbers } from './answers.js'
import { type Answer, type Job, scrapeConfig } from './server.js'
import { kept, near } from './victoria.js'

t.comment(`POSTMETER_SEED=${SEED}`)

const PREFIX = 'p_'

async function scraping(t: Test, program: string, jobs: readonly Job[], ...args: string[]): Promise<Daemon> {
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: jobs.map(scrapeConfig),
  }
  return Daemon.start(
    t,
    program,
    (address, folder) => [
      `-httpListenAddr=${address}`,
      `-promscrape.config=${join(folder, 'scrape.yml')}`,
      ...args.map(arg => arg.replace('FOLDER', folder)),
    ],
    // JSON is YAML too.
    folder => writeFile(join(folder, 'scrape.yml'), JSON.stringify(config)),
  )
}

t.test('VictoriaMetrics and vmagent', async t => {
  const programs = await neededOrSkip(t, 'VictoriaMetrics', needVictoriaMetrics)
  if (programs === undefined) return
  const model = everythingAnd(25)
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  record(registry, model)
  const front = await serve(registry, { listen: '127.0.0.1:0', gzip: { threshold: 1024 }, openMetrics: true })
  t.teardown(() => front.close())
  const { url } = front
  const server = await scraping(
    t,
    programs.server,
    [
      { name: 'text', url, prefix: PREFIX },
      { name: 'openmetrics', url, prefix: PREFIX, format: 'openmetrics' },
    ],
    '-storageDataPath=FOLDER/data',
    '-search.latencyOffset=0s',
  )
  await scraping(
    t,
    programs.agent,
    [{ name: 'agent', url, prefix: PREFIX }],
    '-remoteWrite.tmpDataPath=FOLDER/data',
    `-remoteWrite.url=${server.url}/api/v1/write`,
    '-remoteWrite.flushInterval=1s',
  )
  const query = async (text: string): Promise<Answer[]> => {
    const answer = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(text)}`)
    return ((await answer.json()) as { data: { result: Answer[] } }).data.result
  }
  const expected = expectedFamilies(model, PREFIX)
  const lines: Readonly<Record<string, ExpectedLines[]>> = {
    text: expected.map(textLines),
    openmetrics: expected.map(family => openMetricsLines(family, false)),
    agent: expected.map(textLines),
  }
  for (const [job, all] of Object.entries(lines)) {
    const wanted = kept(all)
    const series = wanted.flatMap(({ samples }) => samples).length
    const own = `{job="${job}", __name__=~"${PREFIX}.+", __name__!~"${PREFIX}postmeter_.+"}`
    const answers = await server.until(`${series} series of ${job}`, async () => {
      const answers = await query(own)
      return answers.length >= series ? answers : undefined
    })
    t.equal(checkNumbers(answers, wanted, near), series, `${job}: ${series} series`)
    t.throws(() => checkNumbers(answers.slice(1), wanted, near), `${job}: sees that one is missing`)
  }
  const moving = registry.counter({ name: 'moving_total', help: '' })
  for (const count of [1, 2]) {
    moving.inc()
    await server.until(`it moves in all jobs, ${count}`, async () => {
      const [one] = await query(`sum(${PREFIX}moving_total)`)
      return one?.value?.[1] === String(3 * count) || undefined
    })
  }
  t.pass('changes are seen')
})
