import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dated, sectionOf } from '../../scripts/changelog.js'
import { packHarakaPlugin } from '../../scripts/haraka-plugin.js'
import { smoke } from '../../scripts/smoke.js'
import { makeConsumer, repository } from './consumer.js'

const CHANGELOG = `# Changelog

## [2.0.0] - Unreleased

### Added

- Something.

## [1.0.0] - 2026-01-02

- The first.

## [0.9.0] - Unreleased
`

t.test('the version that is released gets its date', async t => {
  t.equal(sectionOf(CHANGELOG, '2.0.0'), '### Added\n\n- Something.')
  t.equal(sectionOf(CHANGELOG, '3.0.0'), undefined)
  const after = dated(CHANGELOG, '2.0.0', '2026-11-28')
  t.match(after, /^## \[2\.0\.0\] - 2026-11-28$/m)
  t.equal(after.replace('2026-11-28', 'Unreleased'), CHANGELOG, 'and nothing else changes')
  t.throws(() => dated(CHANGELOG, '3.0.0', '2026-11-28'), /no section/)
  t.throws(
    () => dated(CHANGELOG, '1.0.0', '2026-11-28'),
    /no line "## \[1\.0\.0\] - Unreleased"/,
    'not twice',
  )
  t.throws(() => dated(CHANGELOG, '0.9.0', '2026-11-28'), /says nothing of 0\.9\.0/)
})

t.test('the smoke test sees a package that works, and one that does not', async t => {
  const consumer = await makeConsumer(t)
  const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  await smoke(consumer.tarball, {
    'haraka-plugin-postmeter': await packHarakaPlugin(consumer.folder, manifest),
  })
  const folder = t.testdir()
  mkdirSync(join(folder, 'package'))
  writeFileSync(
    join(folder, 'package/package.json'),
    '{ "name": "postmeter", "version": "0.0.1", "main": "index.js" }',
  )
  writeFileSync(
    join(folder, 'package/index.js'),
    'exports.serve = exports.createRegistry = () => { throw new Error("broken") }',
  )
  const { execFileSync } = await import('node:child_process')
  execFileSync('tar', ['-czf', 'broken.tgz', 'package'], { cwd: folder })
  await t.rejects(smoke(join(folder, 'broken.tgz')), /broken/)
})
