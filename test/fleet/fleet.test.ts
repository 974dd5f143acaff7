/** A small fleet, as a user runs it: its table, its alerts, its exit code. */
import t from 'tap'
import { namespacesRefused } from '../../scripts/fleet/network.js'
import { RunningFleet, tableOf } from './running.js'

const refused = await namespacesRefused()
const number = (text: string | undefined) => Number(text?.replaceAll(',', ''))

for (const network of ['loopback', 'namespaces'] as const) {
  // The one with everything; the other shows that its network is one.
  const servers = network === 'loopback' ? 4 : 2
  t.test(`${servers} servers in ${network}`, async t => {
    if (network === 'namespaces' && refused !== undefined) {
      t.pass('needs network namespaces', { skip: refused })
      return
    }
    const fleet = RunningFleet.start(t, [
      ...['--network', network, '--servers', `${servers}`, '--seconds', '6', '--every', '1', '--seed', '7'],
      ...(network === 'loopback' ? ['--otlp', '1', '--again'] : ['--kill', '0', '--otlp', '0']),
    ])
    const [, url] = await fleet.says(/pages are at (http:\S+);/)
    await fleet.says(/Prometheus hears of each/)
    const answer = await fetch(`${url}/api/v1/query?query=count(up)`)
    t.match(await answer.json(), { status: 'success' }, "Prometheus' pages are seen from here")

    const { code, out, err } = await fleet.ended
    t.equal(code, 0)
    t.equal(err, '')
    t.match(out, /seed 7$/m)
    t.match(out, /^all figures agree$/m)

    const rows = tableOf(out, /^server /)
    const killed = rows.filter(row => row.end === 'killed')
    const ran = rows.filter(row => row.end === 'ran')
    t.equal(ran.length, servers, 'each server has a line')
    for (const row of ran) {
      const { server, 'clients sent': sent, Prometheus, VictoriaMetrics } = row
      t.ok(number(sent) > 0, `${server}: clients sent mail`)
      t.same([Prometheus, VictoriaMetrics], [sent, sent], `${server}: both have it to the message`)
    }
    for (const row of killed) {
      t.ok(number(row.Prometheus) <= number(row['clients sent']) + 16, `${row.server}: no more than was sent`)
      t.equal(row.VictoriaMetrics, row.Prometheus)
    }
    const answers = tableOf(out, /^the fleet /)
    t.equal(answers.length, 5)
    const whole = ran.reduce((sum, row) => sum + number(row['clients sent']), 0)
    for (const row of answers.filter(row => !row['the fleet']!.endsWith('all runs'))) {
      t.equal(
        number(row.answer),
        whole,
        `${row['the fleet']}: the fleet-wide query has what all clients sent`,
      )
    }
    if (network === 'namespaces') return

    t.same(ran.map(row => row.metrics).sort(), ['OTLP', 'remote write 1.0', 'scraped', 'scraped'])
    t.equal(killed.length, 2, 'two were killed')
    for (const { server, metrics } of killed) {
      const alert = metrics === 'scraped' ? 'MailScrapeMissing' : 'MailPushMissing'
      t.match(out, new RegExp(`^${alert} fires for ${server} after`, 'm'))
      t.match(out, new RegExp(`^${alert} is over for ${server} after`, 'm'))
      t.ok(
        rows.some(row => row.server === `${server}, again`),
        `${server} was started anew`,
      )
    }
  })
}
