/** VictoriaMetrics takes what is pushed by remote write 1.0 and by OTLP, and says that it does not know 2.0. */
import t, { type Test } from 'tap'
import { needVictoriaMetrics } from '../../../scripts/need-victoria-metrics.js'
import { type PushOptions, push } from '../../../src/index.js'
import { checkNumbers } from '../../prometheus/answers.js'
import type { Answer } from '../../prometheus/server.js'
import { kept, near } from '../../prometheus/victoria.js'
import { DIFFERENCE } from '../../readers/compare.js'
import { SEED } from '../../support/arbitrary.js'
import { Daemon } from '../../support/daemon.js'
import { everythingAnd } from '../../support/everything.js'
import { expectedFamilies, textLines } from '../../support/expected.js'
import { neededOrSkip } from '../../support/need.js'
import { record } from '../../support/oracle.js'
import { fresh } from '../../support/registry.js'

t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(120_000)

const PREFIX = 'p_'

t.test('VictoriaMetrics', async t => {
  const programs = await neededOrSkip(t, 'VictoriaMetrics', needVictoriaMetrics)
  if (programs === undefined) return
  const daemon = await Daemon.start(t, programs.server, (address, folder) => [
    `-httpListenAddr=${address}`,
    `-storageDataPath=${folder}/data`,
    '-search.latencyOffset=0s',
  ])
  await t.test('remote write 1.0', t =>
    takes(t, daemon, { url: `${daemon.url}/api/v1/write`, protocol: 'remote-write' }, 'job'),
  )
  await t.test('OTLP', t =>
    takes(t, daemon, { url: `${daemon.url}/opentelemetry/v1/metrics`, protocol: 'otlp' }, 'service.name'),
  )
  await t.test('it does not know 2.0, which is said once', async t => {
    const { registry } = fresh(t)
    registry.counter({ name: 'sent_total', help: '' }).inc()
    const log: string[] = []
    const pushed = await push(registry, {
      url: `${daemon.url}/api/v1/write`,
      protocol: 'remote-write',
      version: '2.0',
      log: ({ code, message }) => log.push(`${code} ${message}`),
    })
    for (let n = 0; n < 2; n++) t.equal(await pushed.flush(), false)
    await pushed.close()
    t.equal(log.length, 1)
    t.comment(log[0])
    t.match(log[0], /^push-failing .*\/api\/v1\/write: /)
  })
})

async function takes(
  t: Test,
  daemon: Daemon,
  to: Pick<PushOptions, 'url' | 'protocol'>,
  jobLabel: string,
): Promise<void> {
  const model = everythingAnd(25)
  // What it makes of native histograms are buckets of its own.
  const families = model.families.filter(({ native }) => native === undefined)
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  record(registry, { ...model, families })
  const log: string[] = []
  const job = `vm-${to.protocol}`
  const pushed = await push(registry, {
    ...to,
    every: '1h',
    labels: { job, instance: 'mx1' },
    prefix: PREFIX,
    log: ({ code, message }) => log.push(`${code}: ${message}`),
  })
  t.teardown(() => pushed.close())
  t.equal(await pushed.flush(), true, log.join('\n'))
  const selector = `{"${jobLabel}"="${job}", __name__=~"${PREFIX}.+", __name__!~"${PREFIX}postmeter_.+"}`
  const query = async (): Promise<Answer[]> => {
    const answer = await fetch(`${daemon.url}/api/v1/query?query=${encodeURIComponent(selector)}`)
    const { data } = (await answer.json()) as { data: { result: Answer[] } }
    return data.result.map(({ metric, ...rest }) => {
      const {
        'service.name': _name,
        'service.instance.id': _id,
        'scope.name': _scope,
        'scope.version': _version,
        ...others
      } = metric
      return { metric: others as Answer['metric'], ...rest }
    })
  }
  const lines = kept(expectedFamilies({ ...model, families }, PREFIX).map(textLines))
  const series = lines.flatMap(({ samples }) => samples).length
  let seen = 0
  const answers = await daemon
    .until(`${series} series`, async () => {
      const answers = await query()
      seen = answers.length
      return answers.length >= series ? answers : undefined
    })
    .catch(error => {
      throw new Error(`${seen}: ${error.message}`)
    })
  t.equal(checkNumbers(answers, lines, near), series, `${series} series`)
  t.throws(() => checkNumbers(answers.slice(1), lines, near), DIFFERENCE, 'sees that one is missing')
  await pushed.close()
  // Of OTLP's points without a recorded value it takes those of numbers for an end; the others end for it 5 min later.
  const ends = families.filter(
    ({ kind }) => to.protocol !== 'otlp' || !['histogram', 'summary'].includes(kind),
  )
  const names = new Set(ends.map(({ name }) => PREFIX + name))
  await daemon.until('after a clean end all are gone', async () => {
    const left = (await query()).filter(({ metric }) => to.protocol !== 'otlp' || names.has(metric.__name__!))
    return left.length === 0 || undefined
  })
  t.same(log, [])
}
