import t from 'tap'
import { needPrometheus } from '../../scripts/need-prometheus.js'
import { neededOrSkip } from '../support/need.js'
import { startMta, sumOf } from './mta.js'
import { PrometheusServer } from './server.js'

t.test('a real Prometheus scrapes npm start and answers with its figures', async t => {
  const programs = await neededOrSkip(t, 'Prometheus', needPrometheus)
  if (!programs) return
  const { url } = await startMta(t, '--rate', '50')
  const direct = async (name: string) => sumOf(await (await fetch(url)).text(), name)
  const server = await PrometheusServer.start(t, programs.prometheus, [
    { name: 'plain', url },
    { name: 'prefixed', url, prefix: 'kumomta_' },
  ])

  await server.up(2)
  t.pass('both targets are up')

  // Each figure is at least what the endpoint exposed before the question, and no more than it exposes after the answer.
  const families = [
    'total_messages_received',
    'total_messages_delivered',
    'smtpsrv_transaction_duration_count',
  ]
  for (const [job, prefix] of [
    ['plain', ''],
    ['prefixed', 'kumomta_'],
  ] as const) {
    for (const family of families) {
      const before = await server.until(`${family} moved`, async () => {
        const now = await direct(family)
        return now > 0 ? now : undefined
      })
      const query = `sum(${prefix}${family}{job="${job}"})`
      const answer = await server.until(`${query} is ${before} or more`, async () => {
        const value = await server.value(query)
        return value !== undefined && value >= before ? value : undefined
      })
      const after = await direct(family)
      t.ok(answer <= after, `${query} is ${answer}: from ${before} before to ${after} after`)
    }
  }

  const scraped = await server.value('sum(up)')
  t.equal(scraped, 2, 'both are up still')
  const unknown = await server.value('count({__name__=~"kumomta_.+", job="plain"})')
  t.equal(unknown, undefined, 'the prefix is only where it was asked for')
})
