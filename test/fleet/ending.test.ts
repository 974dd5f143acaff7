/** How the program ends: by Ctrl-C, where the system refuses namespaces, and where it cannot start. */
import { chmodSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { namespacesRefused } from '../../scripts/fleet/network.js'
import { RunningFleet } from './running.js'

t.test('Ctrl-C ends all of it', async t => {
  const refused = await namespacesRefused()
  if (refused !== undefined) {
    t.pass('needs network namespaces', { skip: refused })
    return
  }
  const fleet = RunningFleet.start(t, ['--servers', '2', '--network', 'namespaces', '--seed', '8'])
  await interrupted(t, fleet)
})

t.test('where the system refuses namespaces it says so, and Ctrl-C ends all of it there, too', async t => {
  const folder = t.testdir({
    unshare: '#!/bin/sh\necho "unshare failed: Operation not permitted" >&2\nexit 1\n',
  })
  chmodSync(join(folder, 'unshare'), 0o755)
  const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) }
  const forced = RunningFleet.start(t, ['--network', 'namespaces'], env)
  t.match(await forced.ended, {
    code: 1,
    err: /^error: this system refuses network namespaces \(unshare failed/,
  })

  const fleet = RunningFleet.start(t, ['--servers', '2', '--seed', '8'], env)
  await fleet.says(
    /refuses network namespaces \(unshare failed: Operation not permitted\): each server has a loop/,
  )
  await interrupted(t, fleet)
})

async function interrupted(t: Test, fleet: RunningFleet): Promise<void> {
  const [, url] = await fleet.says(/pages are at (http:\S+);/)
  await fleet.says(/Prometheus hears of each/)
  fleet.child.kill('SIGINT')
  const { code, err } = await fleet.ended
  t.equal(code, 130)
  t.equal(err, '')
  await t.rejects(fetch(url!), 'nothing answers any more')
}

t.test('a program that cannot listen where it should is an error, and nothing is left running', async t => {
  const fleet = RunningFleet.start(t, [
    '--servers',
    '1',
    '--network',
    'loopback',
    '--listen',
    '192.0.2.1:9090',
  ])
  const { code, err } = await fleet.ended
  t.equal(code, 1)
  t.match(err, /^error: Prometheus ended \(1\): .*192\.0\.2\.1:9090/s)
})
